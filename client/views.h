// Rows of the API → tables. Pure; the caller gives the time that ages count from.
#ifndef LISTENQ_CLIENT_VIEWS_H_
#define LISTENQ_CLIENT_VIEWS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/query.h"
#include "client/table.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::client {

struct ViewContext {
  absl::Time now;
  // For clock times.
  absl::TimeZone zone;
};

Table ListenersTable(const Answer<v1::Listener>& answer, const ViewContext& context);

// The body of `top`: at most `max_rows` rows (0 is all).
Table TopTable(const Answer<v1::Listener>& answer, const ViewContext& context, size_t max_rows);
// "debian · 14 listeners in 5 namespaces · 14:05:31 · every 1s"; live, which an `interval` is, with the nodes
// that did not answer: "node-1 (deadline exceeded) · …".
std::string TopHeadline(const Answer<v1::Listener>& answer, const ViewContext& context,
                        absl::Duration interval);

Table NamespacesTable(const Answer<v1::Namespace>& answer, const ViewContext& context);

// Some name among them may stand for several.
bool HasGlob(const std::vector<std::string>& names);
// One namespace: SysctlOriginsTable. Several: two or three names get a column each; else each has a row, with
// what it differs from. A wide table has rows and the reason where a value could not be read. `names` as the
// user gave them.
Table SysctlsTable(const Answer<v1::Namespace>& answer, const std::vector<std::string>& names, bool wide);
// KERNEL DEFAULT, HOST, DECLARED and IN FORCE of one namespace, first what is declared in vain (marked), then
// by name; `title` heads the names. `only_differing`: no row for what is as elsewhere, or could not be read.
Table SysctlOriginsTable(const std::string& title, const v1::Namespace& row, bool only_differing);

// One row per share of an episode, and one for what no listener's share covers.
Table DropsTable(const Answer<v1::DropEpisode>& answer, const ViewContext& context);
// The same for one event as it comes: the columns have fixed widths.
Table DropEventTable(const v1::DropEvent& event, const ViewContext& context, bool with_node);

// Each with its explanation and fix below it; with the evidence, the price and what does not help when wide.
std::string FindingsText(const Answer<v1::Finding>& answer, const ViewContext& context,
                         const TableStyle& style);
// What stands below the verdict's own line; `indent` columns before it.
std::string FindingDetails(const v1::Finding& finding, bool all, size_t indent,
                           const std::optional<size_t>& width);

// Those with most connections first; a column for each state that there is.
Table StatesTable(const Answer<v1::ConnectionSummary>& answer);
// A row for each listener with requests in SYN_RECV, the most first.
Table SynQueuesTable(const Answer<v1::ConnectionSummary>& answer);
// A row for each destination, that with the largest share of the ephemeral ports first.
Table PortsTable(const Answer<v1::ConnectionSummary>& answer);

Table NodesTable(const Answer<v1::Node>& answer, const ViewContext& context);

// `since` to now in as many cells as fit.
Table HistoryTable(const Answer<v1::ListenerHistory>& answer, const ViewContext& context, absl::Time since,
                   size_t cells);

// `-o name`, behind the node where there are several: "listener/<owner or netns>/<address:port>",
// "netns/<inode>", … Raw: escape before printing.
std::string NameOf(const v1::Listener& listener);
std::string NameOf(const v1::Namespace& row);
std::string NameOf(const v1::DropEpisode& episode);
std::string NameOf(const v1::Finding& finding);
std::string NameOf(const v1::ConnectionSummary& summary);
std::string NameOf(const v1::Node& node);
std::string NameOf(const v1::ListenerHistory& history);
std::string NameOf(const v1::SysctlSummary& sysctl);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_VIEWS_H_
