# tests/unit/<layer>/test_<module>.c becomes the test unit/<layer>/<module>; fuzz/fuzz_<x>.c a fuzzer; every script in
# tests/structure and tests/integration whose name does not begin with _ a test of its own. Lanes other than the plain
# gcc one put their name in front, so that one ctest can run them all (scripts/test.sh).
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(EML_TEST_PREFIX "" CACHE STRING "what stands before the name of each test, such as asan/")
set(EML_FUZZ_SECONDS 2 CACHE STRING "how long the test of a fuzzer runs")

set(EML_ALL eml_tee_rim eml_apps_enclave eml_apps_common eml_apps_sandbox eml_tee_sim eml_client eml_serve eml_channel eml_model eml_receipt eml_tee eml_tee_verify eml_engine
    eml_net eml_formats eml_crypto eml_base)
set(EML_TEST_ENV
    EML_SOURCE_DIR=${CMAKE_SOURCE_DIR} EML_BUILD_DIR=${CMAKE_BINARY_DIR} EML_BIN=${CMAKE_BINARY_DIR}/bin
    EML_LANE=${EML_LANE} PYTHONDONTWRITEBYTECODE=1
    UBSAN_OPTIONS=print_stacktrace=1 TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/tsan.supp)
# Walks over every record or byte are whole on the plain build; the other lanes take a sample of them.
if(NOT "${EML_TEST_PREFIX}" STREQUAL "")
    list(APPEND EML_TEST_ENV EML_SAMPLED=1)
endif()

# The sanitizers of clang 14 find no room where the kernel spreads programs over 32 bits of addresses, as in Ubuntu
# 24.04: their tests run without the spreading, where that may be turned off (in some containers it may not). The fuzzers
# are started so by scripts/fuzz.sh.
set(EML_TEST_LAUNCHER "")
if(EML_LANE MATCHES "^(asan|tsan)$")
    execute_process(COMMAND setarch -R true RESULT_VARIABLE refused OUTPUT_QUIET ERROR_QUIET)
    if("${refused}" STREQUAL "0")
        set(EML_TEST_LAUNCHER setarch -R)
    endif()
endif()

function(eml_test name timeout)
    add_test(NAME ${EML_TEST_PREFIX}${name} COMMAND ${EML_TEST_LAUNCHER} ${ARGN})
    set_tests_properties(${EML_TEST_PREFIX}${name} PROPERTIES TIMEOUT ${timeout} SKIP_RETURN_CODE 77
        ENVIRONMENT "${EML_TEST_ENV}")
endfunction()

function(eml_unit_tests)
    file(GLOB support CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/support/*.c)
    add_library(eml_test_support OBJECT ${support})
    target_include_directories(eml_test_support PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/tests)
    target_link_libraries(eml_test_support PRIVATE eml_flags PUBLIC PkgConfig::CMOCKA eml_formats)
    eml_deletion_flags(eml_test_support)
    file(GLOB unit_tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/unit/*/test_*.c)
    foreach(source ${unit_tests})
        get_filename_component(stem ${source} NAME_WE)
        get_filename_component(folder ${source} DIRECTORY)
        get_filename_component(layer ${folder} NAME)
        string(REGEX REPLACE "^test_" "" module ${stem})
        set(target test_${layer}_${module})
        add_executable(${target} ${source})
        target_link_libraries(${target} PRIVATE eml_flags eml_test_support ${EML_ALL})
        eml_test_flags(${target})
        set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
        eml_test(unit/${layer}/${module} 600 $<TARGET_FILE:${target}>)
    endforeach()
endfunction()

# tests/fakes/fake_<x>.c stands in for a vendor's shared library, in <build>/tests/libfake_<x>.so.
function(eml_fakes)
    file(GLOB fakes CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fakes/fake_*.c)
    foreach(source ${fakes})
        get_filename_component(stem ${source} NAME_WE)
        add_library(${stem} MODULE ${source})
        target_include_directories(${stem} PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/tests)
        target_link_libraries(${stem} PRIVATE eml_flags)
        set_target_properties(${stem} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    endforeach()
    add_dependencies(test_tee_nvidia_nvml fake_nvml)
endfunction()

function(eml_script_tests folder)
    file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${folder}/*.py ${CMAKE_SOURCE_DIR}/tests/${folder}/*.sh)
    foreach(script ${scripts})
        get_filename_component(stem ${script} NAME_WE)
        get_filename_component(extension ${script} LAST_EXT)
        string(REGEX REPLACE "^test_" "" name ${stem})
        if(stem MATCHES "^_")
            continue()
        elseif(extension STREQUAL ".py")
            eml_test(${folder}/${name} 600 ${Python3_EXECUTABLE} ${script})
        else()
            eml_test(${folder}/${name} 600 bash ${script})
        endif()
    endforeach()
endfunction()

function(eml_fuzzers)
    file(GLOB fuzzers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/fuzz/fuzz_*.c)
    foreach(source ${fuzzers})
        get_filename_component(stem ${source} NAME_WE)
        string(REGEX REPLACE "^fuzz_" "" name ${stem})
        add_executable(${stem} ${source})
        target_include_directories(${stem} PRIVATE ${CMAKE_SOURCE_DIR}/src)
        target_link_libraries(${stem} PRIVATE eml_flags ${EML_ALL})
        # fuzz_<x>_resign.c forges with tests/support/forge_<x>*.c.
        if(name MATCHES "^(.*)_resign$")
            file(GLOB forge CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/support/forge_${CMAKE_MATCH_1}*.c)
            target_sources(${stem} PRIVATE ${forge})
            target_include_directories(${stem} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
            target_link_libraries(${stem} PRIVATE PkgConfig::CMOCKA)
        endif()
        # fuzz_nvidia_nvml.c is the vendor's library itself: dlopen(NULL) finds its names.
        if(name STREQUAL "nvidia_nvml")
            set_target_properties(${stem} PROPERTIES ENABLE_EXPORTS ON)
        endif()
        eml_fuzzer_flags(${stem})
        set_target_properties(${stem} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
        eml_test(${name} 600 bash ${CMAKE_SOURCE_DIR}/scripts/fuzz.sh
            --build ${CMAKE_BINARY_DIR} --seconds ${EML_FUZZ_SECONDS} ${name})
    endforeach()
endfunction()

if(EML_LANE STREQUAL "fuzz")
    eml_fuzzers()
else()
    eml_unit_tests()
    eml_fakes()
endif()
# Structure and the whole path are judged once, on the plain build.
if(EML_LANE STREQUAL "plain" AND "${EML_TEST_PREFIX}" STREQUAL "")
    eml_script_tests(structure)
    eml_script_tests(integration)
elseif(EML_LANE STREQUAL "asan" OR EML_LANE STREQUAL "cov")
    eml_script_tests(integration)
endif()

include(cmake/repro.cmake)
