# Same bits from every compiler, level, kernel table, thread count and batch (docs/NUMERICS.md).
if(EML_LANE STREQUAL "plain" AND "${EML_TEST_PREFIX}" STREQUAL "")
    add_test(NAME repro/matrix COMMAND ${CMAKE_SOURCE_DIR}/tests/repro/matrix.sh ${CMAKE_BINARY_DIR}/repro)
    set_tests_properties(repro/matrix PROPERTIES TIMEOUT 600 COST 1000)
endif()
