#include "client/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "agent/sys/file.h"
#include "agent/sys/status.h"
#include "base/version.h"
#include "client/command_tree.h"
#include "client/completion.h"
#include "client/policy_file.h"
#include "client/suggest.h"
#include "client/time_spec.h"

namespace listenq::client {
namespace {

constexpr char kServerGroup[] = "Server";
constexpr char kKubeGroup[] = "Cluster, by way of kubectl";
// CLI11 leaves such flags out of the help.
constexpr char kHidden[] = "";

using Setter = std::function<absl::Status(const std::string&)>;

bool AllDigits(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
}

template <typename Value>
using Names = std::vector<std::pair<const char*, Value>>;

const Names<OutputFormat>& OutputNames() {
  static const Names<OutputFormat> kNames = {{"table", OutputFormat::kTable}, {"wide", OutputFormat::kWide},
                                             {"json", OutputFormat::kJson},   {"yaml", OutputFormat::kYaml},
                                             {"csv", OutputFormat::kCsv},     {"name", OutputFormat::kName}};
  return kNames;
}

// Before the command stands no command: there all of them may.
const Names<OutputFormat>& AllOutputNames() {
  static const Names<OutputFormat> kNames = [] {
    Names<OutputFormat> names = OutputNames();
    names.insert(names.end(), {{"sarif", OutputFormat::kSarif}, {"junit", OutputFormat::kJunit}});
    return names;
  }();
  return kNames;
}

const Names<OutputFormat>& AuditOutputNames() {
  static const Names<OutputFormat> kNames = [] {
    Names<OutputFormat> names = AllOutputNames();
    std::erase_if(names, [](const auto& name) { return name.second == OutputFormat::kName; });
    return names;
  }();
  return kNames;
}

// What is no list has no rows.
const Names<OutputFormat>& PageOutputNames() {
  static const Names<OutputFormat> kNames = [] {
    Names<OutputFormat> names = OutputNames();
    std::erase_if(names, [](const auto& name) {
      return name.second == OutputFormat::kName || name.second == OutputFormat::kCsv;
    });
    return names;
  }();
  return kNames;
}

const Names<ColorMode>& ColorNames() {
  static const Names<ColorMode> kNames = {
      {"auto", ColorMode::kAuto}, {"always", ColorMode::kAlways}, {"never", ColorMode::kNever}};
  return kNames;
}

const Names<bool>& GroupingNames() {
  static const Names<bool> kNames = {{"workload", true}};
  return kNames;
}

const Names<SysctlGrouping>& SysctlGroupingNames() {
  static const Names<SysctlGrouping> kNames = {{"value", SysctlGrouping::kValue},
                                               {"workload", SysctlGrouping::kWorkload},
                                               {"node", SysctlGrouping::kNode}};
  return kNames;
}

const Names<NameKind>& NameKindNames() {
  static const Names<NameKind> kNames = {{"namespaces", NameKind::kNamespaces}, {"pods", NameKind::kPods},
                                         {"containers", NameKind::kContainers}, {"netns", NameKind::kNetns},
                                         {"sysctls", NameKind::kSysctls},       {"rules", NameKind::kRules},
                                         {kContextNames, NameKind::kContexts},  {"nodes", NameKind::kNodes}};
  return kNames;
}

const Names<SeverityFloor>& SeverityNames() {
  static const Names<SeverityFloor> kNames = {{"info", SeverityFloor::kInfo},
                                              {"warning", SeverityFloor::kWarning},
                                              {"critical", SeverityFloor::kCritical}};
  return kNames;
}

const Names<SortOrder>& SortNames() {
  static const Names<SortOrder> kNames = {{"drops", SortOrder::kDrops},
                                          {"fill", SortOrder::kFill},
                                          {"queue", SortOrder::kQueue},
                                          {"address", SortOrder::kAddress}};
  return kNames;
}

std::string NameOf(OutputFormat output) {
  const auto& names = AllOutputNames();
  return std::find_if(names.begin(), names.end(), [&](const auto& name) { return name.second == output; })
      ->first;
}

template <typename Value>
std::string Join(const Names<Value>& names, const char* separator) {
  return absl::StrJoin(names, separator, [](std::string* out, const auto& name) { *out += name.first; });
}

// "-o,--output" is "--output" in messages.
std::string LongName(const std::string& flag) { return flag.substr(flag.find(',') + 1); }

// Values that a flag may have are its type name, "a|b|c": help and completion read them there.
template <typename Value>
void AddChoice(CLI::App& app, const std::string& flag, const Names<Value>& names,
               const std::string& description, Value& target) {
  const auto set = [&names, &target, flag](const std::string& text) {
    for (const auto& [name, value] : names) {
      if (text != name) continue;
      target = value;
      return;
    }
    throw CLI::ValidationError(LongName(flag), absl::StrCat(text, ": not one of ", Join(names, ", ")));
  };
  app.add_option_function<std::string>(flag, set, description)
      ->type_name(Join(names, "|"))
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void Check(const std::string& flag, const absl::Status& status) {
  if (!status.ok()) throw CLI::ValidationError(LongName(flag), std::string(status.message()));
}

CLI::Option* AddValue(CLI::App& app, const std::string& flag, const std::string& type,
                      const std::string& description, Setter set) {
  const auto checked = [flag, set = std::move(set)](const std::string& text) { Check(flag, set(text)); };
  return app.add_option_function<std::string>(flag, checked, description)
      ->type_name(type)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

// May be repeated, and takes a list with commas. A later level's values take the place of an earlier one's.
void AddValues(CLI::App& app, const std::string& flag, const std::string& type,
               const std::string& description, const std::function<void()>& clear, Setter add) {
  const auto checked = [flag, clear, add = std::move(add)](const std::vector<std::string>& texts) {
    clear();
    for (const std::string& text : texts) Check(flag, add(text));
  };
  app.add_option_function<std::vector<std::string>>(flag, checked, description)
      ->type_name(type)
      ->allow_extra_args(false)
      ->delimiter(',');
}

absl::Status AddName(const std::string& text, std::vector<std::string>& names) {
  if (text.empty()) return absl::InvalidArgumentError("\"\": not a name; leave it out to take all");
  names.push_back(text);
  return absl::OkStatus();
}

void AddStrings(CLI::App& app, const std::string& flag, const std::string& type,
                const std::string& description, std::vector<std::string>& target) {
  AddValues(
      app, flag, type, description, [&target] { target.clear(); },
      [&target](const std::string& text) { return AddName(text, target); });
}

CLI::Option* AddText(CLI::App& app, const std::string& flag, const std::string& type,
                     const std::string& description, std::string& target) {
  return AddValue(app, flag, type, description, [&target](const std::string& text) {
    target = text;
    return text.empty() ? absl::InvalidArgumentError("\"\": must not be empty") : absl::OkStatus();
  });
}

absl::Status SetNumber(const std::string& text, uint32_t least, uint32_t most, uint32_t& target) {
  uint32_t number = 0;
  if (!AllDigits(text) || !absl::SimpleAtoi(text, &number) || number < least || number > most) {
    return absl::InvalidArgumentError(absl::StrCat(text, ": not a whole number from ", least, " to ", most));
  }
  target = number;
  return absl::OkStatus();
}

absl::Status SetDuration(const std::string& text, absl::Duration& target) {
  ASSIGN_OR_RETURN(target, ParseDurationSpec(text));
  return absl::OkStatus();
}

bool IsPodKind(absl::string_view text) { return text == "pod" || text == "pods" || text == "po"; }

// "pod/web-0" is kubectl's spelling of a name.
absl::Status AddPod(const std::string& text, std::vector<std::string>& pods) {
  const std::vector<std::string> parts = absl::StrSplit(text, absl::MaxSplits('/', 1));
  if (parts.size() == 1) return AddName(text, pods);
  if (IsPodKind(parts[0])) return AddName(parts[1], pods);
  return absl::InvalidArgumentError(
      absl::StrCat(text, ": not a pod's name; with its namespace: -n ", parts[0], " ", parts[1]));
}

constexpr uint32_t kMaxRows = 1'000'000;

// All that the commands share.
class Definition {
 public:
  explicit Definition(const CommandLine& line);

  CLI::App& root() { return root_; }
  Options& options() { return options_; }
  [[nodiscard]] const std::string& shell() const { return shell_; }
  [[nodiscard]] const std::string& help_topic() const { return help_topic_; }
  [[nodiscard]] CommandTree Tree() const;
  [[nodiscard]] const std::optional<ConfigAction>& config_action() const { return config_action_; }
  [[nodiscard]] const std::string& context_name() const { return context_name_; }
  [[nodiscard]] bool is_plugin() const { return is_plugin_; }
  [[nodiscard]] std::string Example(const std::string& text) const;

 private:
  void DefineLists();
  void DefineTop();
  void DefineSysctls();
  void DefineDrops();
  void DefineDescribe();
  void DefineFindings();
  void DefineAudit();
  void DefineWalks();
  void DefineNodes();
  void DefineConfig();
  CLI::App& AddConfigCommand(CLI::App& config, const std::string& name, ConfigAction action,
                             const std::string& description, const std::string& example);
  void DefineOthers();
  CLI::App& AddCommand(const std::string& name, Command command, const std::string& description,
                       const std::string& example);
  void AddServerFlag(CLI::App& app, const std::string& description, const std::string& group);
  void AddTlsFlags(CLI::App& app, const std::string& group);
  void AddKubeText(CLI::App& app, const std::string& flag, const std::string& type,
                   const std::string& description, std::string& target);
  void AddKubeFlags(CLI::App& app);
  void AddConnectionFlags(CLI::App& app);
  void AddOutputFlags(CLI::App& app, const Names<OutputFormat>& names = OutputNames());
  void AddNamespaceFlags(CLI::App& app, const std::string& flag);
  void AddAllNamespaces(CLI::App& app);
  void AddSelectionFlags(CLI::App& app);
  void AddNetnsFlag(CLI::App& app);
  void AddPods(CLI::App& app);
  void AddPodFlag(CLI::App& app);
  void SetPods(const std::vector<std::string>& pods);
  void AddLimit(CLI::App& app);
  void AddSort(CLI::App& app);
  void AddGrouping(CLI::App& app);
  void AddInterval(CLI::App& app);
  void AddSince(CLI::App& app);

  const CommandLine& line_;
  Options options_;
  std::string shell_;
  std::string help_topic_;
  std::optional<ConfigAction> config_action_;
  std::string context_name_;
  bool is_plugin_;
  std::string program_;
  CLI::App root_;
};

// kubectl finds a plugin "listenq" in the file kubectl-listenq.
bool IsPlugin(absl::string_view path) { return absl::StartsWith(sys::BaseName(path), "kubectl-"); }

Definition::Definition(const CommandLine& line)
    : line_(line), is_plugin_(IsPlugin(line.program)), program_(is_plugin_ ? "kubectl listenq" : "listenq") {
  options_.kube.on = is_plugin_;
  root_.name(program_);
  root_.description(
      "Listen queues, drops and net sysctls of every container on a node.\n"
      "Which pod refuses connections, at which listener, since when, and why.");
  root_.set_help_flag("-h,--help", "Show this help");
  root_.require_subcommand(0, 1);
  root_.allow_extras();
  root_.get_formatter()->column_width(34);
  DefineLists();
  DefineTop();
  DefineSysctls();
  DefineDrops();
  DefineDescribe();
  DefineFindings();
  DefineAudit();
  DefineWalks();
  DefineNodes();
  DefineConfig();
  DefineOthers();
  root_.footer(
      "Each command has a help with an example: " + program_ + " COMMAND --help\n\n" +
      "Exit codes: 0 ok, 1 error, 2 wrong usage, 3 an answer about several nodes lacks some of them,\n"
      "4 there are findings (findings --exit-code), or a policy is broken (audit)");
  // kubectl takes its flags before the command too; the commands' own help lists them.
  AddConnectionFlags(root_);
  AddOutputFlags(root_, AllOutputNames());
  AddNamespaceFlags(root_, "-n,--namespace");
  for (CLI::Option* option : root_.get_options()) {
    if (option->get_name() != "--help") option->group(kHidden);
  }
}

std::string Definition::Example(const std::string& text) const {
  return absl::StrCat("Example:\n  ", program_, " ", text);
}

CLI::App& Definition::AddCommand(const std::string& name, Command command, const std::string& description,
                                 const std::string& example) {
  CLI::App& app = *root_.add_subcommand(name, description);
  app.parse_complete_callback([this, command] { options_.command = command; });
  app.footer(Example(example));
  app.group("Commands");
  return app;
}

void Definition::AddServerFlag(CLI::App& app, const std::string& description, const std::string& group) {
  const auto set = [this](const std::vector<std::string>& addresses) {
    std::string& server = options_.server.server;
    for (const std::string& address : addresses) {
      if (address.empty()) Check("--server", absl::InvalidArgumentError("\"\": must not be empty"));
      if (!server.empty()) Check("--server", absl::InvalidArgumentError("given twice: one server is asked"));
      server = address;
    }
  };
  app.add_option_function<std::vector<std::string>>("--server", set, description)
      ->type_name("ADDRESS")
      ->allow_extra_args(false)
      ->group(group);
}

void Definition::AddTlsFlags(CLI::App& app, const std::string& group) {
  ServerFlags& server = options_.server;
  AddText(app, "--tls-ca", "FILE", "Who signs the server's certificate: speak mutual TLS", server.tls.ca)
      ->group(group);
  AddText(app, "--tls-cert", "FILE", "The certificate to show to the server", server.tls.cert)->group(group);
  AddText(app, "--tls-key", "FILE", "Its key", server.tls.key)->group(group);
  AddText(app, "--tls-server-name", "NAME", "Name in the server's certificate, if not the host's",
          server.tls_server_name)
      ->group(group);
  app.add_flag_callback(
         "--insecure", [&server] { server.insecure = true; }, "No TLS, not even beyond this machine")
      ->group(group);
}

void Definition::AddKubeText(CLI::App& app, const std::string& flag, const std::string& type,
                             const std::string& description, std::string& target) {
  AddValue(app, flag, type, description, [this, &target](const std::string& text) {
    options_.kube.on = true;
    target = text;
    return text.empty() ? absl::InvalidArgumentError("\"\": must not be empty") : absl::OkStatus();
  })->group(kKubeGroup);
}

// Each of them says that a cluster is asked.
void Definition::AddKubeFlags(CLI::App& app) {
  KubeFlags& kube = options_.kube;
  app.add_flag_callback(
         "--kube", [&kube] { kube.on = true; }, "Ask the cluster of kubectl's context: as `kubectl listenq`")
      ->group(is_plugin_ ? kHidden : kKubeGroup);
  AddKubeText(app, "--node", "NODE", "Ask this node alone, not the aggregator", kube.node);
  AddKubeText(app, "--listenq-namespace", "NAMESPACE", "Where listenq is installed; else it is looked for",
              kube.listenq_namespace);
  AddKubeText(app, "--kubeconfig", "FILE", "As kubectl's", kube.kubeconfig);
  AddKubeText(app, "--cluster", "NAME", "As kubectl's", kube.cluster);
  AddKubeText(app, "--user", "NAME", "As kubectl's", kube.user);
  AddKubeText(app, "--as", "USER", "As kubectl's", kube.as);
  app.add_option_function<std::vector<std::string>>(
         "--as-group",
         [&kube](const std::vector<std::string>& groups) {
           kube.on = true;
           kube.as_groups = groups;
         },
         "As kubectl's; may be repeated")
      ->type_name("GROUP")
      ->allow_extra_args(false)
      ->group(kKubeGroup);
  AddKubeText(app, "--request-timeout", "DURATION", "As kubectl's", kube.request_timeout);
}

// What kubectl-listenq does not take it knows nevertheless, to say so.
void Definition::AddConnectionFlags(CLI::App& app) {
  const std::string server_group = is_plugin_ ? kHidden : kServerGroup;
  AddServerFlag(app, "unix:///path or HOST:PORT; without it: see `config --help`", server_group);
  AddText(app, "--context", "CONTEXT",
          is_plugin_ ? "As kubectl's" : "Server and certificates by name: see `config --help`",
          options_.server.context)
      ->group(is_plugin_ ? kKubeGroup : kServerGroup);
  AddTlsFlags(app, server_group);
  AddValue(app, "--timeout", "DURATION", "Longest time for one call (5s)", [this](const std::string& text) {
    return SetDuration(text, options_.timeout);
  })->group(kServerGroup);
  AddKubeFlags(app);
  AddChoice(app, "--color", ColorNames(), "Colours; auto: on a terminal, unless NO_COLOR is set",
            options_.color);
}

void Definition::AddOutputFlags(CLI::App& app, const Names<OutputFormat>& names) {
  AddChoice(app, "-o,--output", names, "Format; in json and yaml 64-bit numbers are strings",
            options_.output);
  app.add_flag_callback(
      "--no-headers", [this] { options_.headers = false; }, "No line with the columns' names");
}

void Definition::AddNamespaceFlags(CLI::App& app, const std::string& flag) {
  AddStrings(app, flag, "NAMESPACE", "Kubernetes namespace", options_.selection.namespaces);
  AddAllNamespaces(app);
}

// Defined after -n, so that its callback runs after that one's: -A wins, as kubectl's does.
void Definition::AddAllNamespaces(CLI::App& app) {
  app.add_flag_callback(
      "-A,--all-namespaces", [this] { options_.selection.namespaces.clear(); },
      "All Kubernetes namespaces (the default)");
}

void Definition::AddNetnsFlag(CLI::App& app) {
  Selection& selection = options_.selection;
  AddValues(
      app, "--netns", "NAME|INODE|host", "Network namespace: name in /run/netns, inode, or host",
      [&selection] {
        selection.netns_inodes.clear();
        selection.netns_names.clear();
      },
      [&selection](const std::string& text) {
        uint64_t inode = 0;
        if (AllDigits(text) && absl::SimpleAtoi(text, &inode)) {
          selection.netns_inodes.push_back(inode);
        } else {
          return AddName(text, selection.netns_names);
        }
        return absl::OkStatus();
      });
}

void Definition::AddSelectionFlags(CLI::App& app) {
  Selection& selection = options_.selection;
  AddValue(app, "-l,--selector", "SELECTOR", "Pod labels, as kubectl's: 'app=web,tier!=db,env in (prod,qa)'",
           [&selection](const std::string& text) {
             selection.label_selector = text;
             return absl::OkStatus();
           });
  AddStrings(app, "-c,--container", "CONTAINER", "Container by name, glob or id", selection.containers);
  AddNetnsFlag(app);
  AddValues(
      app, "--port", "PORT", "Local port of the listener", [&selection] { selection.ports.clear(); },
      [&selection](const std::string& text) {
        return SetNumber(text, 1, 65535, selection.ports.emplace_back());
      });
  AddStrings(app, "--process", "COMM", "Process name, or a glob", selection.processes);
  AddValue(app, "--min-fill", "PERCENT", "Only listeners whose queue is at least so full",
           [&selection](const std::string& text) {
             return SetNumber(text, 0, 100, selection.min_fill_percent.emplace());
           });
  app.add_flag_callback(
      "--dropping", [&selection] { selection.only_dropping = true; },
      "Only what lost connection attempts lately");
}

void Definition::AddPods(CLI::App& app) {
  app.add_option_function<std::vector<std::string>>(
         "POD", [this](const std::vector<std::string>& pods) { SetPods(pods); },
         "Pod by name, or a glob; none is all")
      ->type_name("");
}

void Definition::AddPodFlag(CLI::App& app) {
  AddValues(
      app, "--pod", "POD", "Pod by name, or a glob", [this] { options_.selection.pods.clear(); },
      [this](const std::string& text) { return AddPod(text, options_.selection.pods); });
}

void Definition::SetPods(const std::vector<std::string>& pods) {
  options_.selection.pods.clear();
  for (const std::string& pod : pods) Check("POD", AddPod(pod, options_.selection.pods));
}

void Definition::AddLimit(CLI::App& app) {
  AddValue(app, "--limit", "N", "At most N rows",
           [this](const std::string& text) { return SetNumber(text, 1, kMaxRows, options_.limit); });
}

void Definition::AddSort(CLI::App& app) {
  AddChoice(app, "--sort", SortNames(), "Order; default: drops of the last interval, then fill",
            options_.sort);
}

void Definition::AddGrouping(CLI::App& app) {
  AddChoice(app, "--by", GroupingNames(), "A row per workload and address: as table, wide or csv",
            options_.by_workload);
}

void Definition::AddInterval(CLI::App& app) {
  AddValue(app, "--interval", "DURATION", "Time between two pictures (1s)",
           [this](const std::string& text) { return SetDuration(text, options_.interval); });
}

void Definition::AddSince(CLI::App& app) {
  AddValue(app, "--since", "TIME", "10m, 14:05, or 2026-01-01T14:05:00Z; default: all that is recorded",
           [this](const std::string& text) -> absl::Status {
             ASSIGN_OR_RETURN(options_.since, ParseSince(text, line_.now, line_.zone));
             return absl::OkStatus();
           });
}

void Definition::DefineLists() {
  CLI::App& listeners =
      AddCommand("listeners", Command::kListeners, "Every listening socket, the worst first",
                 "listeners -n shop --min-fill 50");
  CLI::App& namespaces = AddCommand("namespaces", Command::kNamespaces, "One row per network namespace",
                                    "namespaces --dropping -o wide");
  namespaces.alias("ns");
  for (CLI::App* app : {&listeners, &namespaces}) {
    AddPods(*app);
    AddNamespaceFlags(*app, "-n,--namespace");
    AddSelectionFlags(*app);
    if (app == &listeners) AddSort(*app);
    if (app == &listeners) AddGrouping(*app);
    AddLimit(*app);
    app->add_flag_callback(
        "--include-ended", [this] { options_.include_ended = true; },
        "Also network namespaces that ended lately");
    app->add_flag_callback(
        "-w,--watch", [this] { options_.watch = true; }, "Show it again every --interval");
    AddInterval(*app);
    AddOutputFlags(*app);
    AddConnectionFlags(*app);
  }
}

void Definition::DefineTop() {
  CLI::App& top = AddCommand("top", Command::kTop, "Live: the worst listeners first; q quits", "top -n 20");
  AddPods(top);
  AddStrings(top, "--namespace", "NAMESPACE", "Kubernetes namespace", options_.selection.namespaces);
  AddValues(
      top, "-n", "N|NAMESPACE", "Digits: print the N worst once; else as --namespace", [] {},
      [this](const std::string& text) {
        if (!AllDigits(text)) return AddName(text, options_.selection.namespaces);
        options_.once = true;
        return SetNumber(text, 1, kMaxRows, options_.limit);
      });
  AddAllNamespaces(top);
  AddSelectionFlags(top);
  AddSort(top);
  AddLimit(top);
  AddInterval(top);
  top.add_flag_callback(
      "--once", [this] { options_.once = true; }, "Print one picture and end");
  AddOutputFlags(top);
  AddConnectionFlags(top);
}

void Definition::DefineSysctls() {
  CLI::App& sysctls = AddCommand("sysctls", Command::kSysctls, "Net sysctls in force, per network namespace",
                                 "sysctls net.core.somaxconn 'net.ipv4.tcp_*'");
  sysctls
      .add_option_function<std::vector<std::string>>(
          "SYSCTL", [this](const std::vector<std::string>& names) { options_.sysctl_names = names; },
          "Sysctl, or a glob; none is all")
      ->type_name("");
  AddChoice(sysctls, "--by", SysctlGroupingNames(), "How many have which value, those that differ first",
            options_.sysctl_grouping);
  AddNamespaceFlags(sysctls, "-n,--namespace");
  AddPodFlag(sysctls);
  AddSelectionFlags(sysctls);
  AddLimit(sysctls);
  AddOutputFlags(sysctls);
  AddConnectionFlags(sysctls);
}

void Definition::DefineDrops() {
  CLI::App& drops = AddCommand("drops", Command::kDrops, "Lost connection attempts, by listener and cause",
                               "drops --since 10m -w");
  CLI::App& history = AddCommand("history", Command::kHistory, "Queue and drops over time, per listener",
                                 "history -n shop api-7f9c5d-x2x4k --since 5m");
  for (CLI::App* app : {&drops, &history}) {
    AddPods(*app);
    AddSince(*app);
    AddNamespaceFlags(*app, "-n,--namespace");
    AddSelectionFlags(*app);
    if (app == &drops) {
      AddGrouping(*app);
      AddLimit(*app);
      app->add_flag_callback(
          "-w,--watch", [this] { options_.watch = true; }, "Follow: a line for each drop as it is counted");
    }
    AddOutputFlags(*app);
    AddConnectionFlags(*app);
  }
}

// "describe pod web-0" is kubectl's: the kind is no name when names follow.
void Definition::DefineDescribe() {
  CLI::App& describe =
      AddCommand("describe", Command::kDescribe,
                 "All about a pod or a network namespace on one screen: queues, drops, why, what to change",
                 "describe -n shop api-7f9c5d-x2x4k");
  describe
      .add_option_function<std::vector<std::string>>(
          "POD",
          [this](std::vector<std::string> pods) {
            if (pods.size() > 1 && IsPodKind(pods[0])) pods.erase(pods.begin());
            SetPods(pods);
          },
          "Pod by name, or a glob")
      ->type_name("");
  AddNamespaceFlags(describe, "-n,--namespace");
  AddSelectionFlags(describe);
  AddValue(describe, "--limit", "N", "At most N pods or network namespaces (5)",
           [this](const std::string& text) { return SetNumber(text, 1, kMaxRows, options_.limit); });
  AddOutputFlags(describe, PageOutputNames());
  AddConnectionFlags(describe);
}

void Definition::DefineFindings() {
  CLI::App& findings =
      AddCommand("findings", Command::kFindings, "Verdicts, the worst first: what is wrong, why, and the fix",
                 "findings -n shop --severity warning --exit-code");
  AddPods(findings);
  AddChoice(findings, "--severity", SeverityNames(), "The least severity shown; default: all",
            options_.severity);
  AddStrings(findings, "--rule", "RULE", "Only verdicts of this rule, by its id", options_.rules);
  findings.add_flag_callback(
      "--exit-code", [this] { options_.exit_code = true; }, "End with 4 when there is a finding");
  AddNamespaceFlags(findings, "-n,--namespace");
  AddSelectionFlags(findings);
  AddLimit(findings);
  AddOutputFlags(findings);
  AddConnectionFlags(findings);
}

// "95%" or "200".
absl::Status SetNodeFloor(const std::string& text, std::optional<NodeFloor>& target) {
  absl::string_view digits = text;
  NodeFloor floor;
  floor.is_percent = absl::EndsWith(text, "%");
  if (floor.is_percent) digits.remove_suffix(1);
  const uint32_t most = floor.is_percent ? 100 : 1'000'000;
  if (!AllDigits(digits) || !absl::SimpleAtoi(digits, &floor.value) || floor.value > most) {
    return absl::InvalidArgumentError(
        absl::StrCat(text, ": not a number of nodes or a percentage, like 95%"));
  }
  target = floor;
  return absl::OkStatus();
}

void Definition::DefineAudit() {
  AuditOptions& audit_options = options_.audit;
  CLI::App& audit =
      AddCommand("audit", Command::kAudit, "Which network namespaces break a policy over sysctls",
                 "audit -f policy.yaml --min-nodes 95% -o junit");
  audit.footer(
      "Exit codes: 4 a rule is broken, 3 none is but the audit is incomplete, 0 clean,\n"
      "2 a bad policy or flag, 1 no server answers.\n"
      "A policy to start from: audit --print-default > policy.yaml\n\n" +
      audit.get_footer());
  audit
      .add_option_function<std::vector<std::string>>(
          "-f,--filename",
          [&audit_options](const std::vector<std::string>& files) { audit_options.files = files; },
          "Policy, YAML; - is standard input; may be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false);
  audit.add_flag_callback(
      "--print-default", [&audit_options] { audit_options.print_default = true; },
      "Print a commented policy to start from, and end");
  AddValue(audit, "--min-nodes", "N|PERCENT%", "Complete with so many nodes: 95%, or 200; default: all",
           [&audit_options](const std::string& text) { return SetNodeFloor(text, audit_options.min_nodes); });
  audit.add_flag_callback(
      "--strict", [&audit_options] { audit_options.strict = true; },
      "Incomplete also with guest kernels (gVisor, Kata), or none checked");
  AddNamespaceFlags(audit, "-n,--namespace");
  AddPodFlag(audit);
  AddSelectionFlags(audit);
  AddOutputFlags(audit, AuditOutputNames());
  AddConnectionFlags(audit);
}

// What walks over connections says so: nothing else here costs the node more with its traffic.
void Definition::DefineWalks() {
  constexpr uint32_t kMostOfAList = 1000;
  constexpr char kWarning[] =
      "The agent walks over all connections of the node to answer, once for each network namespace that\n"
      "is asked for: name a pod on a busy node, and do not ask in a loop.\n\n";
  CLI::App& states = AddCommand("states", Command::kStates, "Connections by state, and SYN_RECV per listener",
                                "states -n shop --time-limit 500ms");
  CLI::App& ports =
      AddCommand("ports", Command::kPorts, "Ephemeral ports in use, the fullest destination first",
                 "ports -n shop checkout-6d9f8b7c5d-lq2zx");
  for (CLI::App* app : {&states, &ports}) {
    app->footer(kWarning + app->get_footer());
    AddPods(*app);
    AddValue(*app, "--time-limit", "DURATION", "The longest that the walk may take (2s)",
             [this](const std::string& text) { return SetDuration(text, options_.time_limit.emplace()); });
    AddValue(*app, "--limit", "N",
             app == &states ? "At most N listeners per network namespace (20)"
                            : "At most N destinations per network namespace (20)",
             [this](const std::string& text) { return SetNumber(text, 1, kMostOfAList, options_.limit); });
    AddNamespaceFlags(*app, "-n,--namespace");
    AddSelectionFlags(*app);
    AddOutputFlags(*app);
    AddConnectionFlags(*app);
  }
}

void Definition::DefineNodes() {
  CLI::App& nodes = AddCommand("nodes", Command::kNodes,
                               "The servers: state, version, age of the reading, cost", "nodes -o wide");
  AddOutputFlags(nodes);
  AddConnectionFlags(nodes);
}

CLI::App& Definition::AddConfigCommand(CLI::App& config, const std::string& name, ConfigAction action,
                                       const std::string& description, const std::string& example) {
  CLI::App& app = *config.add_subcommand(name, description);
  app.parse_complete_callback([this, action] { config_action_ = action; });
  app.footer(Example("config " + example));
  app.group("Commands");
  app.allow_extras();
  return app;
}

void Definition::DefineConfig() {
  CLI::App& config = *root_.add_subcommand("config", "Servers by name, with their certificates: contexts");
  config.require_subcommand(0, 1);
  AddConfigCommand(config, "get-contexts", ConfigAction::kGetContexts, "All of them; * is the current one",
                   "get-contexts");
  AddConfigCommand(config, "current-context", ConfigAction::kCurrentContext, "The name of the current one",
                   "current-context");
  CLI::App& use = AddConfigCommand(config, "use-context", ConfigAction::kUseContext,
                                   "Make one the current one", "use-context prod");
  CLI::App& set = AddConfigCommand(config, "set-context", ConfigAction::kSetContext,
                                   "Make one, or change what the flags name",
                                   "set-context prod --server listenq.example.org:7443 \\\n"
                                   "    --tls-ca ca.pem --tls-cert me.pem --tls-key me.key");
  CLI::App& remove = AddConfigCommand(config, "delete-context", ConfigAction::kDeleteContext, "Remove one",
                                      "delete-context prod");
  AddConfigCommand(config, "view", ConfigAction::kView, "The file, as it is understood", "view");
  for (CLI::App* app : {&use, &set, &remove}) {
    app->add_option("CONTEXT", context_name_, "Its name")->required()->type_name("");
  }
  AddServerFlag(set, "unix:///path, HOST:PORT or tls://HOST:PORT", kServerGroup);
  AddTlsFlags(set, kServerGroup);
  config.footer(
      "Who is asked: --server, else --context, else $LISTENQ_SERVER, else the current context, else the\n"
      "agent of this machine. A context's certificates are for its own server; with another one they are\n"
      "used where --context is given beside --server.\n\n"
      "`kubectl listenq`, and `listenq` with --kube or another flag of its group, asks the cluster of\n"
      "kubectl's context instead, and --context is kubectl's then.\n\n"
      "The file is $LISTENQ_CONFIG, else $XDG_CONFIG_HOME/listenq/config.yaml, else\n"
      "~/.config/listenq/config.yaml. Relative paths in it begin at its folder. A command that changes it\n"
      "writes it anew, without comments.\n\n" +
      Example("config use-context prod"));
}

void Definition::DefineOthers() {
  CLI::App* completion = root_.add_subcommand("completion", "Completion script for a shell");
  completion->add_option("SHELL", shell_, "The shell")->required()->type_name("bash|zsh|fish");
  completion->footer(Example("completion bash > /etc/bash_completion.d/listenq"));
  CLI::App* version = root_.add_subcommand("version", "Version of this program");
  version->footer(Example("version"));
  CLI::App* help = root_.add_subcommand("help", "Help for a command");
  help->add_option("COMMAND", help_topic_, "The command")->type_name("");
  help->footer(Example("help top"));
  CLI::App* config = root_.get_subcommand("config");
  for (CLI::App* app : {version, help}) app->group("Commands");
  // Contexts and scripts are of `listenq`; kubectl has its own.
  for (CLI::App* app : {config, completion}) app->group(is_plugin_ ? kHidden : "Commands");
  for (CLI::App* app : root_.get_subcommands({})) app->allow_extras();
}

std::vector<std::string> CommandNames(const CLI::App& parent) {
  std::vector<std::string> names;
  for (const CLI::App* app : parent.get_subcommands({})) {
    names.push_back(app->get_name());
    for (const std::string& alias : app->get_aliases()) names.push_back(alias);
  }
  return names;
}

// "a|b|c" are choices; what is not lower case stands for something.
std::vector<std::string> Choices(const std::string& type_name) {
  std::vector<std::string> choices;
  for (absl::string_view choice : absl::StrSplit(type_name, '|', absl::SkipEmpty())) {
    if (std::all_of(choice.begin(), choice.end(), absl::ascii_islower)) choices.emplace_back(choice);
  }
  return choices;
}

// The kind of names that a value stands for, by what the help calls it; "" for none.
std::string NamesOf(const std::string& value) {
  constexpr std::pair<const char*, const char*> kKinds[] = {{"NAMESPACE", "namespaces"},
                                                            {"N|NAMESPACE", "namespaces"},
                                                            {"POD", "pods"},
                                                            {"CONTAINER", "containers"},
                                                            {"NAME|INODE|host", "netns"},
                                                            {"SYSCTL", "sysctls"},
                                                            {"RULE", "rules"},
                                                            {"FILE", kFileNames},
                                                            {"CONTEXT", kContextNames},
                                                            {"NODE", "nodes"}};
  for (const auto& [name, kind] : kKinds) {
    if (value == name) return kind;
  }
  return "";
}

FlagInfo DescribeFlag(const CLI::Option& option) {
  FlagInfo flag;
  if (!option.get_snames().empty()) flag.short_name = option.get_snames().front();
  if (!option.get_lnames().empty()) flag.long_name = option.get_lnames().front();
  flag.description = option.get_description();
  flag.takes_value = option.get_expected_max() > 0 && option.get_type_size() > 0;
  flag.names = NamesOf(option.get_type_name());
  if (flag.names.empty()) flag.choices = Choices(option.get_type_name());
  return flag;
}

void DescribeOptions(const CLI::App& app, CommandInfo& command) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group() == kHidden) continue;
    if (!option->get_positional()) {
      command.flags.push_back(DescribeFlag(*option));
    } else if (command.name == "help") {
      command.argument_choices = CommandNames(*app.get_parent());
    } else {
      command.argument_names = NamesOf(option->get_name());
      command.argument_choices = Choices(option->get_type_name());
    }
  }
}

CommandInfo DescribeCommand(const CLI::App& app) {
  CommandInfo command;
  command.name = app.get_name();
  command.aliases = app.get_aliases();
  command.description = app.get_description();
  DescribeOptions(app, command);
  for (const CLI::App* subcommand : app.get_subcommands({})) {
    command.subcommands.push_back(DescribeCommand(*subcommand));
  }
  return command;
}

CommandTree Definition::Tree() const {
  CommandTree tree;
  tree.program = "listenq";
  for (const CLI::App* app : root_.get_subcommands({})) {
    if (app->get_group() != kHidden) tree.commands.push_back(DescribeCommand(*app));
  }
  return tree;
}

// "listenq config use-context".
std::string PathOf(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name()
                                     : absl::StrCat(PathOf(*app.get_parent()), " ", app.get_name());
}

// The command that the words name as far as they do: the root when they name none.
CLI::App& CommandOf(CLI::App& root) {
  CLI::App* app = &root;
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return *app;
}

ParseOutcome UsageError(const CLI::App& command, const std::string& message) {
  ParseOutcome outcome;
  outcome.exit_code = kExitUsage;
  outcome.error = absl::StrCat(message, "\nsee `", PathOf(command), " --help`");
  return outcome;
}

std::string DidYouMean(const std::string& nearest) {
  return nearest.empty() ? "" : absl::StrCat(": did you mean ", nearest, "?");
}

std::vector<std::string> FlagSpellings(const CLI::App& app) {
  std::vector<std::string> spellings;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) spellings.push_back("--" + name);
  }
  return spellings;
}

// What no option or command took.
std::string DescribeExtra(const std::string& extra, const CLI::App& app) {
  if (absl::StartsWith(extra, "-") && extra.size() > 1) {
    const std::string flag = extra.substr(0, extra.find('='));
    const std::string nearest = absl::StartsWith(flag, "--") ? Nearest(flag, FlagSpellings(app)) : "";
    return absl::StrCat("unknown flag ", flag, DidYouMean(nearest));
  }
  const std::vector<std::string> commands = CommandNames(app);
  if (commands.empty()) return absl::StrCat("unexpected argument ", extra);
  return absl::StrCat("unknown command ", extra, DidYouMean(Nearest(extra, commands)));
}

ParseOutcome Print(std::string text) {
  ParseOutcome outcome;
  outcome.out = std::move(text);
  return outcome;
}

CLI::App* CommandNamed(CLI::App& root, const std::string& name) {
  for (CLI::App* app : root.get_subcommands({})) {
    if (app->check_name(name)) return app;
  }
  return nullptr;
}

ParseOutcome Help(Definition& definition) {
  CLI::App& root = definition.root();
  const std::string& topic = definition.help_topic();
  root.clear();
  if (topic.empty()) return Print(root.help());
  const CLI::App* app = CommandNamed(root, topic);
  if (app != nullptr) return Print(app->help(root.get_name()));
  return UsageError(root,
                    absl::StrCat("unknown command ", topic, DidYouMean(Nearest(topic, CommandNames(root)))));
}

// Of `listenq`, whoever prints it.
ParseOutcome Completion(const Definition& definition, const CLI::App& command) {
  auto script = CompletionScript(CommandsOf({.program = "listenq"}), definition.shell());
  if (!script.ok()) return UsageError(command, std::string(script.status().message()));
  return Print(*std::move(script));
}

// What a command lacks.
std::string Missing(const Options& options) {
  if (options.command == Command::kAudit && options.audit.files.empty()) {
    return "audit needs a policy: -f FILE; --print-default prints one to start from";
  }
  if (options.command != Command::kDescribe) return "";
  if (options.output == OutputFormat::kCsv || options.output == OutputFormat::kName) {
    return absl::StrCat("describe has no ", NameOf(options.output), ": listeners, findings and sysctls have");
  }
  return options.selection == Selection{}
             ? "describe needs a pod or a flag that chooses: describe POD, --netns NAME"
             : "";
}

// Flags that do not go together.
std::string Contradiction(const Options& options) {
  const bool has_groups = options.output == OutputFormat::kTable || options.output == OutputFormat::kWide ||
                          options.output == OutputFormat::kCsv;
  const bool groups_rows = options.by_workload || options.sysctl_grouping == SysctlGrouping::kWorkload ||
                           options.sysctl_grouping == SysctlGrouping::kNode;
  if (groups_rows && !has_groups) {
    return absl::StrCat("--by does not go with -o ", NameOf(options.output),
                        ": it groups tables and csv; each row of that format has its workload");
  }
  const bool is_for_audit = options.output == OutputFormat::kSarif || options.output == OutputFormat::kJunit;
  if (is_for_audit && options.command != Command::kAudit) {
    return absl::StrCat("-o ", NameOf(options.output), " goes with audit alone");
  }
  if (options.output == OutputFormat::kName && options.command == Command::kAudit) {
    return absl::StrCat("audit has no name: one of ", Join(AuditOutputNames(), ", "));
  }
  if (options.time_limit && *options.time_limit >= options.timeout) {
    return absl::StrCat("--time-limit ", absl::FormatDuration(*options.time_limit),
                        " does not fit into --timeout ", absl::FormatDuration(options.timeout));
  }
  if (options.by_workload && options.watch && options.command == Command::kDrops) {
    return "--by does not go with --watch: a line for each drop is no group";
  }
  if (options.watch && options.command == Command::kDrops && options.output == OutputFormat::kYaml) {
    return "--watch has no yaml: -o json prints one object a line";
  }
  if (options.watch && options.command == Command::kDrops && options.limit > 0) {
    return "--limit does not go with --watch";
  }
  return "";
}

// A flag that says how to reach a server without kubectl; "" for none.
std::string DirectFlag(const ServerFlags& server) {
  const std::pair<const char*, bool> flags[] = {
      {"--server", !server.server.empty()},     {"--tls-ca", !server.tls.ca.empty()},
      {"--tls-cert", !server.tls.cert.empty()}, {"--tls-key", !server.tls.key.empty()},
      {"--insecure", server.insecure},          {"--tls-server-name", !server.tls_server_name.empty()}};
  for (const auto& [flag, is_given] : flags) {
    if (is_given) return flag;
  }
  return "";
}

// Through kubectl, --context is kubectl's.
std::string SettleServer(const Definition& definition, Options& options) {
  if (!options.kube.on) return "";
  if (const std::string flag = DirectFlag(options.server); !flag.empty()) {
    return definition.is_plugin() ? absl::StrCat(flag,
                                                 " does not go with `kubectl listenq`, which asks the "
                                                 "cluster of kubectl's context: `listenq ",
                                                 flag, "` asks another server")
                                  : absl::StrCat(flag,
                                                 " does not go with --kube, --node or another flag of "
                                                 "kubectl's: the cluster is asked through kubectl");
  }
  options.kube.context = std::exchange(options.server.context, "");
  return "";
}

ParseOutcome Config(Definition& definition) {
  ParseOutcome outcome;
  outcome.config = {.action = *definition.config_action(),
                    .name = definition.context_name(),
                    .server = definition.options().server};
  return outcome;
}

ParseOutcome Finish(Definition& definition) {
  CLI::App& root = definition.root();
  const CLI::App& command = CommandOf(root);
  for (const CLI::App* app = &command; app != nullptr; app = app->get_parent()) {
    const std::vector<std::string> extras = app->remaining();
    if (!extras.empty()) return UsageError(*app, DescribeExtra(extras.front(), *app));
  }
  if (definition.config_action()) return Config(definition);
  if (!command.get_subcommands({}).empty()) return Print(root.help());
  if (command.get_name() == "help") return Help(definition);
  if (command.get_name() == "version") return Print(absl::StrCat("listenq ", base::Version(), "\n"));
  if (command.get_name() == "completion") return Completion(definition, command);
  if (definition.options().audit.print_default) return Print(std::string(DefaultPolicy()));
  const std::string missing = Missing(definition.options());
  if (!missing.empty()) return UsageError(command, missing);
  const std::string contradiction = Contradiction(definition.options());
  if (!contradiction.empty()) return UsageError(command, contradiction);
  const std::string wrong_server = SettleServer(definition, definition.options());
  if (!wrong_server.empty()) return UsageError(command, wrong_server);
  ParseOutcome outcome;
  outcome.options = definition.options();
  return outcome;
}

// "-n=shop" is kubectl's "-n shop"; CLI11 would take "=shop".
std::vector<std::string> WithoutShortEquals(const std::vector<std::string>& arguments) {
  std::vector<std::string> split;
  for (const std::string& argument : arguments) {
    const bool is_short = argument.size() >= 3 && argument[0] == '-' && absl::ascii_isalpha(argument[1]);
    if (is_short && argument[2] == '=') {
      split.push_back(argument.substr(0, 2));
      split.push_back(argument.substr(3));
    } else {
      split.push_back(argument);
    }
  }
  return split;
}

// The options of a line that is not whole yet: the last word may be a flag that waits for its value. Absent
// when it is no line of ours.
std::optional<Options> OptionsSoFar(CommandLine line) {
  for (int missing = 0; missing < 2 && !line.arguments.empty(); ++missing) {
    if (auto options = ParseCommandLine(line).options) return options;
    line.arguments.pop_back();
  }
  return std::nullopt;
}

// "__complete KIND WORD…": the words of the line before the one being typed. A shell shows no errors, so
// there are none.
ParseOutcome ParseCompletion(const CommandLine& line) {
  constexpr absl::Duration kLongest = absl::Seconds(1);
  ParseOutcome outcome;
  if (line.arguments.size() < 2) return outcome;
  const auto& kinds = NameKindNames();
  const auto kind = std::find_if(kinds.begin(), kinds.end(),
                                 [&](const auto& entry) { return line.arguments[1] == entry.first; });
  CommandLine typed = line;
  typed.arguments.erase(typed.arguments.begin(), typed.arguments.begin() + 2);
  auto options = OptionsSoFar(std::move(typed));
  if (kind == kinds.end()) return outcome;
  const bool is_local = kind->second == NameKind::kContexts || kind->second == NameKind::kNodes;
  if (is_local && !options) options.emplace().kube.on = IsPlugin(line.program);
  if (!options) return outcome;
  options->command = Command::kComplete;
  options->names = kind->second;
  options->timeout = std::min(options->timeout, kLongest);
  outcome.options = std::move(options);
  return outcome;
}

// CLI11 says "--output: 1 required TYPE missing", and has no name for a flag that its help leaves out; but
// the flag is the last word then.
std::string ReadableMismatch(const std::string& message, const CommandLine& line) {
  const std::string name = message.substr(0, message.find(':'));
  return absl::StrCat(name.empty() ? line.arguments.back() : name, " needs a value");
}

}  // namespace

CommandTree CommandsOf(const CommandLine& line) { return Definition(line).Tree(); }

ParseOutcome ParseCommandLine(const CommandLine& line) {
  if (!line.arguments.empty() && line.arguments[0] == kCompleteCommand) return ParseCompletion(line);
  Definition definition(line);
  CLI::App& root = definition.root();
  // CLI11 takes the arguments from the back.
  std::vector<std::string> arguments = WithoutShortEquals(line.arguments);
  std::reverse(arguments.begin(), arguments.end());
  try {
    root.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    return Print(root.help());
  } catch (const CLI::ArgumentMismatch& error) {
    return UsageError(CommandOf(root), ReadableMismatch(error.what(), line));
  } catch (const CLI::ParseError& error) {
    return UsageError(CommandOf(root), error.what());
  }
  return Finish(definition);
}

}  // namespace listenq::client
