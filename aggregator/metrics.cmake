# Metrics of a node: HTTP by cpp-httplib, whose flags are those its library was built with.
if(NOT TARGET PkgConfig::httplib)
  pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)
endif()
target_sources(listenq_aggregate PRIVATE
  http_server.cc metrics_agent.cc metrics_labels.cc metrics_node.cc metrics_poller.cc metrics_server.cc
  metrics_state.cc metrics_text.cc)
target_link_libraries(listenq_aggregate
  PUBLIC absl::flat_hash_map
  PRIVATE PkgConfig::httplib)
