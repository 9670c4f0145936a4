# Manual pages (scdoc) and what `make install` copies.
include(GNUInstallDirs)
find_program(SCDOC scdoc)
file(GLOB man_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/man/*.scd)
set(man_pages "")
if(SCDOC)
    foreach(source ${man_sources})
        get_filename_component(page ${source} NAME_WLE)
        set(out ${CMAKE_BINARY_DIR}/man/${page})
        add_custom_command(OUTPUT ${out} DEPENDS ${source}
            COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/man
            COMMAND ${CMAKE_COMMAND} -E env SOURCE_DATE_EPOCH=0 sh -c "'${SCDOC}' < '${source}' > '${out}'"
            VERBATIM)
        list(APPEND man_pages ${out})
    endforeach()
endif()
add_custom_target(man DEPENDS ${man_pages})

if(EML_PROGRAMS)
    install(TARGETS ${EML_PROGRAMS} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(DIRECTORY ${CMAKE_BINARY_DIR}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 OPTIONAL
    FILES_MATCHING PATTERN "*.1")
foreach(program ${EML_PROGRAMS})
    install(FILES ${CMAKE_SOURCE_DIR}/completion/eml RENAME ${program}
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
endforeach()
