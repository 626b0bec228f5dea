#include "client/contexts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml-cpp/emitter.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/sys/file.h"
#include "agent/sys/status.h"
#include "agent/sys/unique_fd.h"
#include "base/address.h"
#include "client/candidates.h"
#include "client/suggest.h"
#include "client/yaml_reader.h"

namespace listenq::client {
namespace {

constexpr size_t kMaxBytes = 1 << 20;

// Reads one file.
class ContextsReader final : public YamlReader {
 public:
  ContextsReader(std::string file, Contexts& contexts) : YamlReader(std::move(file)), contexts_(contexts) {}

  absl::Status Document(const YAML::Node& root);

 private:
  YamlRead ToText(std::string* target);
  absl::Status Name(const YamlValue& value, std::string* name);
  absl::Status Server(const YamlValue& value, std::string* server);
  absl::Status Insecure(const YamlValue& value, bool* insecure);
  absl::Status ReadContext(const YamlValue& value);

  Contexts& contexts_;
};

YamlRead ContextsReader::ToText(std::string* target) {
  return [this, target](const YamlValue& value) -> absl::Status {
    ASSIGN_OR_RETURN(*target, Text(value));
    return absl::OkStatus();
  };
}

absl::Status ContextsReader::Name(const YamlValue& value, std::string* name) {
  ASSIGN_OR_RETURN(*name, Text(value));
  const bool is_known = std::any_of(contexts_.all.begin(), contexts_.all.end(),
                                    [name](const Context& context) { return context.name == *name; });
  return is_known ? Fail(value, absl::StrCat(Shown(*name), ": a context before it has that name"))
                  : absl::OkStatus();
}

absl::Status ContextsReader::Server(const YamlValue& value, std::string* server) {
  ASSIGN_OR_RETURN(*server, Text(value));
  return Check(value, base::ParseServerAddress(*server).status());
}

absl::Status ContextsReader::Insecure(const YamlValue& value, bool* insecure) {
  ASSIGN_OR_RETURN(const std::string text, Text(value));
  *insecure = text == "true";
  return *insecure || text == "false" ? absl::OkStatus() : Fail(value, "must be true or false");
}

absl::Status ContextsReader::ReadContext(const YamlValue& value) {
  Context context;
  const YamlKeys keys = {
      {"name", [&](const YamlValue& text) { return Name(text, &context.name); }},
      {"server", [&](const YamlValue& text) { return Server(text, &context.server); }},
      {"tls-ca", ToText(&context.tls.ca)},
      {"tls-cert", ToText(&context.tls.cert)},
      {"tls-key", ToText(&context.tls.key)},
      {"tls-server-name", ToText(&context.tls_server_name)},
      {"insecure", [&](const YamlValue& text) { return Insecure(text, &context.insecure); }}};
  RETURN_IF_ERROR(ReadKeys(value, keys));
  RETURN_IF_ERROR(Check(value, CheckContext(context, "")));
  contexts_.all.push_back(std::move(context));
  return absl::OkStatus();
}

absl::Status ContextsReader::Document(const YAML::Node& root) {
  if (!root.IsDefined() || root.IsNull()) return absl::OkStatus();
  const int line = LineOf(root.Mark(), 1);
  if (!root.IsMap()) return Error(line, "must be a map with the keys current-context, contexts");
  const YamlKeys keys = {{"current-context", ToText(&contexts_.current)},
                         {"contexts", [this](const YamlValue& list) {
                            if (list.node.IsNull()) return absl::OkStatus();
                            return ReadList(list,
                                            [this](const YamlValue& value) { return ReadContext(value); });
                          }}};
  return ReadKeys({.path = "", .line = line, .node = root}, keys);
}

// Each folder above `path` that is not there yet.
absl::Status MakeFoldersAbove(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.parent_path();
  if (folder.empty() || folder == path) return absl::OkStatus();
  if (mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return absl::OkStatus();
  if (errno != ENOENT) return sys::ErrnoStatus(errno, absl::StrCat("make folder ", folder.string()));
  RETURN_IF_ERROR(MakeFoldersAbove(folder));
  if (mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return absl::OkStatus();
  return sys::ErrnoStatus(errno, absl::StrCat("make folder ", folder.string()));
}

absl::Status WriteAndSync(int fd, const std::string& path, absl::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return sys::ErrnoStatus(errno, absl::StrCat("write ", path));
    text.remove_prefix(static_cast<size_t>(written));
  }
  if (fsync(fd) != 0) return sys::ErrnoStatus(errno, absl::StrCat("write ", path));
  return absl::OkStatus();
}

// mkostemp makes it with mode 0600.
absl::Status ReplaceFile(const std::string& path, absl::string_view text) {
  std::string fresh = absl::StrCat(path, ".XXXXXX");
  const sys::UniqueFd fd(mkostemp(fresh.data(), O_CLOEXEC));
  if (!fd.valid()) return sys::ErrnoStatus(errno, absl::StrCat("make a file beside ", path));
  absl::Status status = WriteAndSync(fd.get(), fresh, text);
  if (status.ok() && rename(fresh.c_str(), path.c_str()) != 0) {
    status = sys::ErrnoStatus(errno, absl::StrCat("replace ", path));
  }
  if (!status.ok()) unlink(fresh.c_str());
  return status;
}

void Emit(YAML::Emitter& out, const char* key, const std::string& value) {
  if (!value.empty()) out << YAML::Key << key << YAML::Value << value;
}

void Emit(YAML::Emitter& out, const Context& context) {
  out << YAML::BeginMap;
  Emit(out, "name", context.name);
  Emit(out, "server", context.server);
  Emit(out, "tls-ca", context.tls.ca);
  Emit(out, "tls-cert", context.tls.cert);
  Emit(out, "tls-key", context.tls.key);
  Emit(out, "tls-server-name", context.tls_server_name);
  if (context.insecure) out << YAML::Key << "insecure" << YAML::Value << true;
  out << YAML::EndMap;
}

std::vector<std::string> NamesOf(const Contexts& contexts) {
  std::vector<std::string> names;
  names.reserve(contexts.all.size());
  for (const Context& context : contexts.all) names.push_back(context.name);
  return names;
}

}  // namespace

std::string ContextsPath(absl::string_view config, absl::string_view config_home, absl::string_view home) {
  if (!config.empty()) return std::string(config);
  // The specification has a relative one ignored.
  if (!config_home.empty() && config_home[0] == '/') return absl::StrCat(config_home, "/listenq/config.yaml");
  return home.empty() ? "" : absl::StrCat(home, "/.config/listenq/config.yaml");
}

absl::Status CheckTls(const base::TlsFiles& tls, absl::string_view server_name, bool insecure,
                      absl::string_view dashes) {
  const std::pair<const char*, bool> parts[] = {
      {"tls-ca", !tls.ca.empty()}, {"tls-cert", !tls.cert.empty()}, {"tls-key", !tls.key.empty()}};
  std::vector<std::string> given;
  std::vector<std::string> missing;
  for (const auto& [name, is_given] : parts) {
    (is_given ? given : missing).push_back(absl::StrCat(dashes, name));
  }
  if (!server_name.empty()) given.push_back(absl::StrCat(dashes, "tls-server-name"));
  if (given.empty()) return absl::OkStatus();
  if (insecure) {
    return absl::InvalidArgumentError(
        absl::StrCat(dashes, "insecure does not go with ", given.front(), ": it means no TLS"));
  }
  if (missing.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(absl::StrJoin(given, ", "), " without ", absl::StrJoin(missing, " and "),
                   ": mutual TLS needs an authority, a certificate and its key"));
}

absl::Status CheckContext(const Context& context, absl::string_view dashes) {
  if (context.name.empty()) return absl::InvalidArgumentError("name is missing");
  if (!IsOfferable(context.name)) {
    return absl::InvalidArgumentError(
        absl::StrCat(Shown(context.name), ": a context's name has letters, digits and ._-/@%+"));
  }
  if (context.server.empty()) return absl::InvalidArgumentError(absl::StrCat(dashes, "server is missing"));
  ASSIGN_OR_RETURN(const base::Address address, base::ParseServerAddress(context.server));
  RETURN_IF_ERROR(CheckTls(context.tls, context.tls_server_name, context.insecure, dashes));
  if (address.is_unix() && !context.tls.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(dashes, "tls-ca does not go with ", context.server, ": a unix socket speaks no TLS"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Contexts> ParseContexts(const std::string& file, const std::string& text) {
  Contexts contexts;
  ContextsReader reader(file, contexts);
  RETURN_IF_ERROR(reader.Parse(text, [&reader](const YAML::Node& root) { return reader.Document(root); }));
  return contexts;
}

absl::StatusOr<Contexts> ReadContexts(const std::string& path) {
  if (path.empty()) return Contexts{};
  const auto text = sys::ReadFile(path, kMaxBytes);
  if (absl::IsNotFound(text.status())) return Contexts{};
  RETURN_IF_ERROR(text.status());
  return ParseContexts(path, *text);
}

std::string ContextsToYaml(const Contexts& contexts) {
  YAML::Emitter out;
  out << YAML::BeginMap;
  Emit(out, "current-context", contexts.current);
  out << YAML::Key << "contexts" << YAML::Value << YAML::BeginSeq;
  for (const Context& context : contexts.all) Emit(out, context);
  out << YAML::EndSeq << YAML::EndMap;
  return absl::StrCat(out.c_str(), "\n");
}

absl::Status WriteContexts(const std::string& path, const Contexts& contexts) {
  if (path.empty()) {
    return absl::FailedPreconditionError(
        "write the contexts: there is no place for them: HOME is not set; LISTENQ_CONFIG names a file");
  }
  std::error_code error;
  const std::filesystem::path target = std::filesystem::canonical(path, error);
  if (!error) return ReplaceFile(target.string(), ContextsToYaml(contexts));
  RETURN_IF_ERROR(MakeFoldersAbove(path));
  return ReplaceFile(path, ContextsToYaml(contexts));
}

base::TlsFiles FilesOf(const Context& context, const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  const auto resolve = [&folder](const std::string& file) {
    return file.empty() ? "" : (folder / file).string();
  };
  return {.ca = resolve(context.tls.ca), .cert = resolve(context.tls.cert), .key = resolve(context.tls.key)};
}

absl::StatusOr<Context> FindContext(const Contexts& contexts, const std::string& name,
                                    const std::string& path) {
  for (const Context& context : contexts.all) {
    if (context.name == name) return context;
  }
  const std::vector<std::string> names = NamesOf(contexts);
  const std::string nearest = Nearest(name, names);
  std::string advice = "; `listenq config set-context` makes one";
  if (!names.empty()) advice = absl::StrCat("; there are ", absl::StrJoin(names, ", "));
  if (!nearest.empty()) absl::StrAppend(&advice, ": did you mean ", nearest, "?");
  return absl::NotFoundError(
      absl::StrCat("context ", name, ": not in ", path.empty() ? "a file: HOME is not set" : path, advice));
}

}  // namespace listenq::client
