# Debian packages by CPack, one for each component of install.cmake: `./dev package`. They are three, because they
# are for different machines: agent on a host, aggregator where answers are gathered, listenq where people sit.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_PACKAGE_VENDOR "listenq")
set(CPACK_PACKAGE_CONTACT "The listenq authors <listenq@localhost>" CACHE STRING "Maintainer of the packages")
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL cli agent aggregator)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# A Debian revision: the packages of one version may be made again. The upgrade test sets it.
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)

string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
configure_file(${PROJECT_SOURCE_DIR}/deploy/deb/changelog.in ${LISTENQ_MADE_DIR}/changelog @ONLY)

# listenq_package(COMPONENT NAME SECTION SUMMARY TEXT): its description, and the papers that Debian wants.
function(listenq_package component name section summary text)
  string(TOUPPER ${component} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${name} PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${section} PARENT_SCOPE)
  set(CPACK_COMPONENT_${upper}_DESCRIPTION "${summary}\n${text}" PARENT_SCOPE)
  set(papers ${CMAKE_INSTALL_DATADIR}/doc/${name})
  set(packages_only EXCLUDE_FROM_ALL)
  install(FILES ${PROJECT_SOURCE_DIR}/deploy/deb/copyright DESTINATION ${papers}
    COMPONENT ${component} ${packages_only})
  listenq_install_made(${component} ${papers} changelog.gz gzip -9nc ${PROJECT_SOURCE_DIR}/CHANGELOG.md)
  listenq_install_made(${component} ${papers} changelog.Debian.gz gzip -9nc ${LISTENQ_MADE_DIR}/changelog)
endfunction()

# listenq_package_unit(COMPONENT UNIT ON|OFF): the scripts that make its users, and start and stop it. ON: installing
# it enables and starts it; OFF: it is left to the administrator.
function(listenq_package_unit component unit enabled)
  string(TOUPPER ${component} upper)
  if(enabled)
    # It is enabled at the first installation, and where it was: deb-systemd-helper says yes to both.
    set(was_enabled "deb-systemd-helper --quiet was-enabled ${unit}.service")
    set(enable "! ${was_enabled} || deb-systemd-helper enable ${unit}.service > /dev/null || true")
    set(restart restart)
  else()
    set(enable "# It is not enabled here.")
    set(restart try-restart)
  endif()
  set(scripts)
  foreach(script postinst prerm postrm)
    configure_file(${PROJECT_SOURCE_DIR}/deploy/deb/${script}.in ${LISTENQ_MADE_DIR}/${component}/${script} @ONLY
      FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
    list(APPEND scripts ${LISTENQ_MADE_DIR}/${component}/${script})
  endforeach()
  set(CPACK_DEBIAN_${upper}_PACKAGE_CONTROL_EXTRA "${scripts}" PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers" PARENT_SCOPE)
endfunction()

listenq_package(cli listenq net "listen queues, drops and net sysctls of every container"
"Shows which container refuses connections, at which listener, since when and
why: asks the agent of this host, a node's front or a whole fleet's aggregator.
Also a kubectl plugin.")
set(CPACK_DEBIAN_CLI_PACKAGE_SUGGESTS listenq-agent)

listenq_package(agent listenq-agent admin "reads listen queues and net sysctls of every network namespace"
"Runs on a host, reads the accept queues, listen drops, TCP counters and net
sysctls of all its network namespaces, names the containers that own them,
and answers listenq and listenq-aggregator on a unix socket.")
set(CPACK_DEBIAN_AGENT_PACKAGE_RECOMMENDS listenq)
listenq_package_unit(agent listenq-agent ON)

listenq_package(aggregator listenq-aggregator admin "one answer from many listenq agents, with metrics"
"Asks several agents of listenq, or the one of its own host, and answers for all
of them with the same API, by mutual TLS, and with metrics for Prometheus. Its
unit listenq-front, which is not enabled, is the front of this host's agent.")
set(CPACK_DEBIAN_AGGREGATOR_PACKAGE_SUGGESTS "listenq, listenq-agent")
listenq_package_unit(aggregator listenq-front OFF)

include(CPack)
