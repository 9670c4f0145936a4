# What the channel costs (bench/bench_channel.c); built when asked for.
add_executable(bench_channel EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/bench/bench_channel.c)
target_link_libraries(bench_channel PRIVATE eml_flags eml_channel eml_tee_sim)
set_target_properties(bench_channel PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
