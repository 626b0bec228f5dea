// `listenq config`: shows and changes the file of contexts.
#ifndef LISTENQ_CLIENT_CONFIG_COMMAND_H_
#define LISTENQ_CLIENT_CONFIG_COMMAND_H_

#include <string>

#include "client/command_line.h"
#include "client/options.h"
#include "client/table.h"

namespace listenq::client {

// `folder` is where the relative paths of flags begin: they are written down as absolute ones. What is wrong
// with the request or the file ends with kExitUsage, a file that cannot be written with kExitError.
ParseOutcome RunConfig(const ConfigRequest& request, const std::string& contexts_path,
                       const std::string& folder, const TableStyle& style);

// What a shell offers where a context is wanted, a line each: nothing when the file cannot be read.
std::string ContextNames(const std::string& contexts_path);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_CONFIG_COMMAND_H_
