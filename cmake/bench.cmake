# bench/bench_<what>.c is a benchmark program, in <build>/bench/. Built when asked for: the target `benches`, or one by
# its name. scripts/bench-engine.sh and scripts/bench-path.sh run them.
set(EML_BENCH_LINKS_engine eml_engine)
set(EML_BENCH_LINKS_crypto eml_crypto)
set(EML_BENCH_LINKS_receipt eml_receipt)
set(EML_BENCH_LINKS_verify eml_tee_sim)
set(EML_BENCH_LINKS_channel eml_channel eml_tee_sim)

add_custom_target(benches)
file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/bench_*.c)
foreach(source ${sources})
    get_filename_component(name ${source} NAME_WE)
    string(REGEX REPLACE "^bench_" "" what ${name})
    add_executable(${name} EXCLUDE_FROM_ALL ${source})
    target_link_libraries(${name} PRIVATE eml_flags ${EML_BENCH_LINKS_${what}})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
    add_dependencies(benches ${name})
endforeach()
