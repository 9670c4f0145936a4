# The bare engine's stop-watch (scripts/bench-engine.sh); built when asked for.
if(EML_LANE STREQUAL "plain" AND EXISTS ${CMAKE_SOURCE_DIR}/src/engine/bert_config.c)
    add_executable(bench_engine EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/bench/bench_engine.c)
    target_link_libraries(bench_engine PRIVATE eml_flags eml_engine)
    set_target_properties(bench_engine PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
endif()
