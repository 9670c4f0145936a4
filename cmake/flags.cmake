# Every compiler and linker flag of the project, in this one file.
set(EML_LANE "plain" CACHE STRING "plain, asan, tsan, fuzz, cov or deletion")
option(EML_STATIC "link every program statically, not only those that always are" OFF)
option(EML_TESTS "build the tests" ON)

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
set(CMAKE_C_FLAGS_RELEASE "-O2")
# Lines for backtraces and valgrind; variables cost a fifth of the build. For gdb: -DCMAKE_BUILD_TYPE=Debug.
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g1")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g")
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_SKIP_RPATH ON)
set(EML_IS_X86 FALSE)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    set(EML_IS_X86 TRUE)
endif()

add_library(eml_flags INTERFACE)
target_compile_definitions(eml_flags INTERFACE _GNU_SOURCE EML_VERSION="${PROJECT_VERSION}")
target_compile_options(eml_flags INTERFACE
    -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes
    -Wvla -Wformat=2 -Wundef -Wcast-qual -Wwrite-strings -Werror
    # Bits are a promise (docs/NUMERICS.md): no contraction, no errno from math, never fast-math.
    -ffp-contract=off -fno-math-errno
    # The same binary from any folder; debuggers keep their paths in the lanes that have them.
    -fmacro-prefix-map=${CMAKE_SOURCE_DIR}/=
    $<$<CONFIG:Release>:-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=>
    $<$<CONFIG:Release>:-ffile-prefix-map=${CMAKE_BINARY_DIR}/=build/>
    -fno-common -fno-omit-frame-pointer)

if(EML_LANE MATCHES "^(plain|deletion)$")
    target_compile_options(eml_flags INTERFACE
        -fstack-protector-strong -fstack-clash-protection
        $<$<C_COMPILER_ID:GNU>:-ftrivial-auto-var-init=zero>
        $<$<BOOL:${EML_IS_X86}>:-fcf-protection=full>
        # What no program calls is not in the program: the tests of what is linked rest on it.
        -ffunction-sections -fdata-sections)
    # Undefined first: Ubuntu's gcc has a value of its own built in, and another one would be a warning.
    target_compile_options(eml_flags INTERFACE
        "$<$<NOT:$<CONFIG:Debug>>:SHELL:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3>")
    target_link_options(eml_flags INTERFACE
        -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,separate-code
        -Wl,--build-id=none -Wl,--gc-sections -Wl,--as-needed
        # What is shipped carries no symbols.
        $<$<CONFIG:Release>:-Wl,--strip-all>)
elseif(EML_LANE STREQUAL "asan")
    target_compile_options(eml_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all)
    target_link_options(eml_flags INTERFACE -fsanitize=address,undefined)
elseif(EML_LANE STREQUAL "tsan")
    target_compile_options(eml_flags INTERFACE -fsanitize=thread)
    target_link_options(eml_flags INTERFACE -fsanitize=thread)
elseif(EML_LANE STREQUAL "fuzz")
    target_compile_options(eml_flags INTERFACE
        -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
    target_link_options(eml_flags INTERFACE -fsanitize=address,undefined)
elseif(EML_LANE STREQUAL "cov")
    target_compile_options(eml_flags INTERFACE --coverage)
    target_link_options(eml_flags INTERFACE --coverage)
else()
    message(FATAL_ERROR "EML_LANE is '${EML_LANE}'; it must be plain, asan, tsan, fuzz, cov or deletion")
endif()

# A runtime of the compiler is in the program: no system call filter then.
if(NOT EML_LANE MATCHES "^(plain|deletion)$")
    target_compile_definitions(eml_flags INTERFACE EML_INSTRUMENTED=1)
endif()

# How a finished program is linked: position independent always, without shared libraries if asked.
# A sanitizer needs its shared libraries, so that its lanes link no program statically.
function(eml_program_flags target is_static)
    if(NOT EML_LANE STREQUAL "plain")
        return()
    endif()
    target_link_options(${target} PRIVATE
        $<IF:$<OR:$<BOOL:${is_static}>,$<BOOL:${EML_STATIC}>>,-static-pie,-pie>)
endfunction()

# In the lane "deletion" a test program can take one check out (tests/support/deletion.c). The lane has no programs,
# only tests (cmake/programs.cmake), and no preset: nothing that is shipped can come out of it.
function(eml_deletion_flags support)
    if(EML_LANE STREQUAL "deletion")
        target_compile_definitions(${support} PRIVATE EML_DELETION=1)
    endif()
endfunction()

# Allocation and I/O of unit tests go through tests/support/faults.c.
function(eml_test_flags target)
    if(EML_LANE STREQUAL "deletion")
        target_link_options(${target} PRIVATE -Wl,--wrap=checks_fail -Wl,--wrap=checks_status)
    endif()
    foreach(name malloc calloc realloc read write fsync rename)
        target_link_options(${target} PRIVATE -Wl,--wrap=${name})
    endforeach()
endfunction()

# The last flag of a libFuzzer target, which brings its own main().
function(eml_fuzzer_flags target)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
endfunction()

# One ISA, one file: only the kernel files get -m flags. Nothing is built with -march=native.
# Their unrolled bodies take clang minutes under the sanitizers, so they are built without; the reference kernels, which
# compute the same bits, keep every check. No fuzzer runs a kernel.
function(eml_kernel_flags)
    set(lane "")
    set(wide_lane "")
    if(EML_LANE STREQUAL "asan")
        set(lane "-fno-sanitize=undefined")
        set(wide_lane "-fno-sanitize=address,undefined")
    elseif(EML_LANE STREQUAL "fuzz")
        set(lane "-fno-sanitize=address,undefined")
        set(wide_lane "${lane}")
    endif()
    if(EML_IS_X86)
        set_source_files_properties(${CMAKE_SOURCE_DIR}/src/engine/kern_avx2.c
            PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma;-mf16c;${lane}")
        set_source_files_properties(${CMAKE_SOURCE_DIR}/src/engine/kern_avx512.c
            PROPERTIES COMPILE_OPTIONS "-mavx512f;-mavx512bw;-mavx512vl;-mavx512dq;-mavx2;-mfma;-mf16c;-mprefer-vector-width=512;${wide_lane}")
    endif()
endfunction()
