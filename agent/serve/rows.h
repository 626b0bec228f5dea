// Rows of an answer before they are converted: matched, ordered, cut.
#ifndef LISTENQ_AGENT_SERVE_ROWS_H_
#define LISTENQ_AGENT_SERVE_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "agent/model/drop.h"
#include "agent/model/snapshot.h"
#include "agent/serve/filter.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::serve {

// What was looked at and what of it matched, for the Summary.
struct Examined {
  uint64_t namespaces = 0;
  uint64_t listeners = 0;
  uint64_t matched = 0;
  // Namespaces that match by name, and whose sockets a guest kernel owns.
  uint64_t unobservable = 0;
};

// Rows point into the snapshot they were selected from: hold it as long as them.
struct ListenerRow {
  const model::Namespace* ns = nullptr;
  const model::Listener* listener = nullptr;
};
struct ListenerRows {
  std::vector<ListenerRow> rows;
  Examined examined;
};

// The first `limit` (0: all) listeners that match, in the request's order; ties by namespace, address, port
// and cookie, so that equal snapshots give equal answers.
ListenerRows SelectListeners(const model::Snapshot& snapshot, const Filter& filter, v1::ListenerOrder order,
                             uint32_t limit, bool include_ended);

struct NamespaceRows {
  std::vector<const model::Namespace*> rows;
  Examined examined;
};

// The first `limit` (0: all) namespaces that match: those that lost most first, then the fullest listener.
NamespaceRows SelectNamespaces(const model::Snapshot& snapshot, const Filter& filter, uint32_t limit,
                               bool include_ended);

// Of `episodes` those that match, the newest `limit` (0: all) first. Returns how many matched.
uint64_t SelectEpisodes(const Filter& filter, uint32_t limit, std::vector<model::DropEpisode>* episodes);

// The listener with the highest part of its limit in use; null when there is none with a limit.
const model::Listener* WorstListener(const model::Namespace& ns);

}  // namespace listenq::serve

#endif  // LISTENQ_AGENT_SERVE_ROWS_H_
