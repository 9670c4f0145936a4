# What one operation of the crypto layer costs (bench/bench_crypto.c); built when asked for.
add_executable(bench_crypto EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/bench/bench_crypto.c)
target_link_libraries(bench_crypto PRIVATE eml_flags eml_crypto)
set_target_properties(bench_crypto PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
