# What a receipt costs (bench/bench_receipt.c); built when asked for.
add_executable(bench_receipt EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/bench/bench_receipt.c)
target_link_libraries(bench_receipt PRIVATE eml_flags eml_receipt)
set_target_properties(bench_receipt PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
