# What `cmake --install` puts below the prefix: the programs, and `listenq` under the name by which kubectl
# finds it as a plugin.
include(GNUInstallDirs)

foreach(program listenq-agent listenq-aggregator listenq)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()
if(TARGET listenq)
  install(CODE "file(CREATE_LINK listenq \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/kubectl-listenq\" SYMBOLIC)")
endif()
