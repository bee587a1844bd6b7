# Man pages and shell completion: the program prints them from its own tables, so they cannot
# differ from it. One page for quern, one for each pipeline, a folder NAME with its NAME.c.
set(MANUAL_DIR ${CMAKE_BINARY_DIR}/manual)
file(MAKE_DIRECTORY ${MANUAL_DIR})

function(quern_prints file)
    add_custom_command(OUTPUT ${MANUAL_DIR}/${file}
        COMMAND quern help ${ARGN} > ${MANUAL_DIR}/${file}
        COMMENT "Printing ${file}")
    set_property(DIRECTORY APPEND PROPERTY MANUAL_FILES ${MANUAL_DIR}/${file})
endfunction()

quern_prints(quern.1 --man)
quern_prints(quern.bash --completion)
file(GLOB PIPELINE_FOLDERS CONFIGURE_DEPENDS src/pipelines/*)
foreach(folder ${PIPELINE_FOLDERS})
    get_filename_component(name ${folder} NAME)
    if(EXISTS ${folder}/${name}.c)
        quern_prints(quern-${name}.1 --man ${name})
    endif()
endforeach()

get_property(MANUAL_FILES DIRECTORY PROPERTY MANUAL_FILES)
add_custom_target(manual ALL DEPENDS ${MANUAL_FILES})
set(MAN_PAGES ${MANUAL_FILES})
list(FILTER MAN_PAGES INCLUDE REGEX "\\.1$")
install(FILES ${MAN_PAGES} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${MANUAL_DIR}/quern.bash RENAME quern
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
