# What `cmake --install` puts below the prefix, in three components, of which package.cmake makes a package each:
# cli, agent and aggregator. What names the prefix or comes out of a program is made when it is installed.
include(GNUInstallDirs)

set(LISTENQ_MADE_DIR ${PROJECT_BINARY_DIR}/made)
file(MAKE_DIRECTORY ${LISTENQ_MADE_DIR})

# listenq_install_made(COMPONENT DESTINATION NAME COMMAND…): a file that holds what a command prints. Where
# `packages_only` is EXCLUDE_FROM_ALL, packages have it and `cmake --install` has not.
function(listenq_install_made component destination name)
  string(REPLACE ";" "\" \"" command "${ARGN}")
  install(CODE
    "execute_process(COMMAND \"${command}\" OUTPUT_FILE \"${LISTENQ_MADE_DIR}/${name}\" COMMAND_ERROR_IS_FATAL ANY)"
    COMPONENT ${component} ${packages_only})
  install(FILES ${LISTENQ_MADE_DIR}/${name} DESTINATION ${destination} COMPONENT ${component} ${packages_only})
endfunction()

# listenq_install_program(COMPONENT TARGET SECTION): the program and its man page.
function(listenq_install_program component program section)
  install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT ${component})
  listenq_install_made(${component} ${CMAKE_INSTALL_MANDIR}/man${section} ${program}.${section}.gz
    ${PROJECT_SOURCE_DIR}/tools/man_page $<TARGET_FILE:${program}> ${section} COMMAND gzip -9n)
endfunction()

# listenq_install_unit(COMPONENT UNIT): a systemd unit, and the group and user that it wants.
function(listenq_install_unit component unit)
  install(CODE "set(bindir \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
    configure_file(\"${PROJECT_SOURCE_DIR}/deploy/systemd/${unit}.service.in\"
                   \"${LISTENQ_MADE_DIR}/${unit}.service\" @ONLY)"
    COMPONENT ${component})
  install(FILES ${LISTENQ_MADE_DIR}/${unit}.service DESTINATION lib/systemd/system COMPONENT ${component})
  install(FILES ${PROJECT_SOURCE_DIR}/deploy/systemd/${unit}.sysusers DESTINATION lib/sysusers.d
    RENAME ${unit}.conf COMPONENT ${component})
endfunction()

# listenq_install_link(DESTINATION NAME TARGET): a symbolic link of component cli.
function(listenq_install_link destination name target)
  install(CODE "file(CREATE_LINK ${target}
    \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${destination}/${name}\" SYMBOLIC)" COMPONENT cli)
endfunction()

if(TARGET listenq)
  listenq_install_program(cli listenq 1)
  # By these names kubectl finds it as a plugin, and asks it for completions.
  listenq_install_link(${CMAKE_INSTALL_BINDIR} kubectl-listenq listenq)
  listenq_install_link(${CMAKE_INSTALL_BINDIR} kubectl_complete-listenq listenq)
  listenq_install_link(${CMAKE_INSTALL_MANDIR}/man1 kubectl-listenq.1.gz listenq.1.gz)
  listenq_install_link(${CMAKE_INSTALL_MANDIR}/man1 kubectl_complete-listenq.1.gz listenq.1.gz)
  listenq_install_made(cli ${CMAKE_INSTALL_DATADIR}/bash-completion/completions listenq
    $<TARGET_FILE:listenq> completion bash)
  listenq_install_made(cli ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions _listenq
    $<TARGET_FILE:listenq> completion zsh)
  listenq_install_made(cli ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d listenq.fish
    $<TARGET_FILE:listenq> completion fish)
endif()
if(TARGET listenq-agent)
  listenq_install_program(agent listenq-agent 8)
  listenq_install_unit(agent listenq-agent)
endif()
if(TARGET listenq-aggregator)
  listenq_install_program(aggregator listenq-aggregator 8)
  listenq_install_unit(aggregator listenq-front)
endif()
