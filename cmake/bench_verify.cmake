# What judging evidence costs (bench/bench_verify.c); built when asked for.
add_executable(bench_verify EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/bench/bench_verify.c)
target_link_libraries(bench_verify PRIVATE eml_flags eml_tee_sim)
set_target_properties(bench_verify PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
