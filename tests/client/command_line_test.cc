#include "client/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/policy_file.h"

namespace listenq::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

ParseOutcome Parse(std::vector<std::string> arguments, std::string program = "listenq") {
  return ParseCommandLine({.program = std::move(program),
                           .arguments = std::move(arguments),
                           .now = kNow,
                           .zone = absl::UTCTimeZone()});
}

Options Accept(std::vector<std::string> arguments) {
  const ParseOutcome outcome = Parse(std::move(arguments));
  EXPECT_TRUE(outcome.options.has_value()) << outcome.error;
  return outcome.options.value_or(Options{});
}

void ExpectUsageError(std::vector<std::string> arguments, const std::string& error) {
  const ParseOutcome outcome = Parse(std::move(arguments));
  EXPECT_FALSE(outcome.options.has_value());
  EXPECT_EQ(outcome.exit_code, kExitUsage);
  EXPECT_EQ(outcome.error, error);
  EXPECT_EQ(outcome.out, "");
}

TEST(CommandLine, HasDefaults) {
  const Options options = Accept({"listeners"});
  EXPECT_EQ(options.command, Command::kListeners);
  EXPECT_EQ(options.server, ServerFlags{});
  EXPECT_EQ(options.timeout, absl::Seconds(5));
  EXPECT_EQ(options.output, OutputFormat::kTable);
  EXPECT_TRUE(options.headers);
  EXPECT_EQ(options.selection, Selection{});
  EXPECT_EQ(options.limit, 0U);
}

TEST(CommandLine, TakesEveryFilter) {
  const Options options = Accept({"listeners", "-n", "shop,mq", "-n", "web", "-l", "app in (a,b),!canary",
                                  "-c", "api", "--netns", "4026532246,host", "--port", "80,443", "--process",
                                  "node", "--min-fill", "50", "--dropping", "api-*"});
  EXPECT_THAT(options.selection.namespaces, ElementsAre("shop", "mq", "web"));
  EXPECT_EQ(options.selection.label_selector, "app in (a,b),!canary");
  EXPECT_THAT(options.selection.containers, ElementsAre("api"));
  EXPECT_THAT(options.selection.netns_inodes, ElementsAre(4026532246U));
  EXPECT_THAT(options.selection.netns_names, ElementsAre("host"));
  EXPECT_THAT(options.selection.ports, ElementsAre(80U, 443U));
  EXPECT_THAT(options.selection.processes, ElementsAre("node"));
  EXPECT_EQ(options.selection.min_fill_percent, 50U);
  EXPECT_TRUE(options.selection.only_dropping);
  EXPECT_THAT(options.selection.pods, ElementsAre("api-*"));
}

TEST(CommandLine, TakesFlagsBeforeAndAfterArguments) {
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{"listeners", "-o", "json", "web-0", "-n", "shop"},
                                             {"listeners", "web-0", "-n", "shop", "-o", "json"},
                                             {"-n", "shop", "-ojson", "listeners", "web-0"},
                                             {"listeners", "-n=shop", "--output=json", "web-0"}}) {
    const Options options = Accept(arguments);
    EXPECT_THAT(options.selection.pods, ElementsAre("web-0"));
    EXPECT_THAT(options.selection.namespaces, ElementsAre("shop"));
    EXPECT_EQ(options.output, OutputFormat::kJson);
  }
}

TEST(CommandLine, TakesAPodThatIsNamedLikeACommand) {
  const Options options = Accept({"listeners", "top"});
  EXPECT_EQ(options.command, Command::kListeners);
  EXPECT_THAT(options.selection.pods, ElementsAre("top"));
}

TEST(CommandLine, TakesTheLastOfRepeatedValues) {
  EXPECT_EQ(Accept({"listeners", "-o", "json", "-o", "csv"}).output, OutputFormat::kCsv);
}

TEST(CommandLine, AllNamespacesWinsWhereverItStands) {
  EXPECT_THAT(Accept({"listeners", "-A", "-n", "shop"}).selection.namespaces, IsEmpty());
  EXPECT_THAT(Accept({"listeners", "-n", "shop", "-A"}).selection.namespaces, IsEmpty());
  EXPECT_THAT(Accept({"top", "-n", "shop", "-A"}).selection.namespaces, IsEmpty());
}

TEST(CommandLine, TakesDigitsInTopAsRows) {
  const Options rows = Accept({"top", "-n", "20"});
  EXPECT_TRUE(rows.once);
  EXPECT_EQ(rows.limit, 20U);
  EXPECT_THAT(rows.selection.namespaces, IsEmpty());
  const Options name = Accept({"top", "-n", "shop"});
  EXPECT_FALSE(name.once);
  EXPECT_THAT(name.selection.namespaces, ElementsAre("shop"));
  EXPECT_THAT(Accept({"top", "--namespace", "20"}).selection.namespaces, ElementsAre("20"));
  EXPECT_THAT(Accept({"listeners", "-n", "20"}).selection.namespaces, ElementsAre("20"));
}

TEST(CommandLine, KnowsAliases) { EXPECT_EQ(Accept({"ns"}).command, Command::kNamespaces); }

TEST(CommandLine, ResolvesSinceAgainstTheClock) {
  EXPECT_EQ(Accept({"drops", "--since", "10m"}).since, kNow - absl::Minutes(10));
}

TEST(CommandLine, EveryQuestionTakesAServer) {
  const std::vector<std::string> flags = {"--server=h:7443", "--context",         "prod",   "--tls-ca",
                                          "ca.pem",          "--tls-cert",        "me.pem", "--tls-key",
                                          "me.key",          "--tls-server-name", "front",  "--insecure"};
  const ServerFlags expected = {.context = "prod",
                                .server = "h:7443",
                                .tls = {.ca = "ca.pem", .cert = "me.pem", .key = "me.key"},
                                .tls_server_name = "front",
                                .insecure = true};
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{{"listeners"},
                                                                                       {"top"},
                                                                                       {"namespaces"},
                                                                                       {"sysctls"},
                                                                                       {"drops"},
                                                                                       {"history"},
                                                                                       {"findings"},
                                                                                       {"audit", "-f", "p"},
                                                                                       {"states"},
                                                                                       {"ports"},
                                                                                       {"describe", "web-0"},
                                                                                       {"nodes"}}) {
    std::vector<std::string> after = command;
    after.insert(after.end(), flags.begin(), flags.end());
    EXPECT_EQ(Accept(after).server, expected) << command[0];
    std::vector<std::string> before = flags;
    before.insert(before.end(), command.begin(), command.end());
    EXPECT_EQ(Accept(before).server, expected) << command[0];
  }
}

// One of them would be asked, and who reads the answer may think of the other one.
TEST(CommandLine, AsksOneServer) {
  const std::string error = "--server: given twice: one server is asked\nsee `listenq nodes --help`";
  ExpectUsageError({"nodes", "--server", "a:1", "--server", "b:1"}, error);
  ExpectUsageError({"--server", "a:1", "nodes", "--server", "b:1"}, error);
}

TEST(CommandLine, NamesTheFlagThatLacksItsValue) {
  ExpectUsageError({"--server"}, "--server needs a value\nsee `listenq --help`");
  ExpectUsageError({"-o"}, "-o needs a value\nsee `listenq --help`");
  ExpectUsageError({"nodes", "--server"}, "--server needs a value\nsee `listenq nodes --help`");
}

TEST(CommandLine, AnEmptyServerIsNoServer) {
  for (const char* flag :
       {"--server", "--context", "--tls-ca", "--tls-cert", "--tls-key", "--tls-server-name"}) {
    ExpectUsageError({"nodes", flag, ""},
                     flag + std::string(": \"\": must not be empty\nsee `listenq nodes --help`"));
  }
}

TEST(CommandLine, AsksAClusterByTheFlagsOfKubectl) {
  EXPECT_EQ(Accept({"nodes"}).kube, KubeFlags{});
  EXPECT_EQ(Accept({"nodes", "--context", "prod"}).kube, KubeFlags{});
  EXPECT_EQ(Accept({"nodes", "--kube"}).kube, KubeFlags{.on = true});
  EXPECT_EQ(Accept({"--kube", "nodes"}).kube, KubeFlags{.on = true});
  EXPECT_EQ(Accept({"nodes", "--node", "n1"}).kube, (KubeFlags{.on = true, .node = "n1"}));
  const Options options =
      Accept({"nodes", "--context=prod", "--kubeconfig=f", "--cluster=c", "--user=u", "--as=jane",
              "--as-group=dev", "--as-group=ops", "--request-timeout=5s", "--listenq-namespace=obs"});
  EXPECT_EQ(options.kube, (KubeFlags{.on = true,
                                     .kubeconfig = "f",
                                     .context = "prod",
                                     .cluster = "c",
                                     .user = "u",
                                     .as = "jane",
                                     .as_groups = {"dev", "ops"},
                                     .request_timeout = "5s",
                                     .listenq_namespace = "obs"}));
  EXPECT_EQ(options.server, ServerFlags{});
}

TEST(CommandLine, TheNamespaceOfPodsIsNotListenqs) {
  const Options options = Accept({"listeners", "-n", "shop", "--listenq-namespace", "obs"});
  EXPECT_THAT(options.selection.namespaces, ElementsAre("shop"));
  EXPECT_EQ(options.kube.listenq_namespace, "obs");
}

TEST(CommandLine, AsAPluginAsksTheCluster) {
  const auto options = Parse({"nodes", "--context", "prod"}, "/usr/bin/kubectl-listenq").options;
  ASSERT_TRUE(options.has_value());
  EXPECT_EQ(options->kube, (KubeFlags{.on = true, .context = "prod"}));
  EXPECT_EQ(options->server, ServerFlags{});
  EXPECT_EQ(Parse({"nodes", "--kube"}, "kubectl-listenq").options->kube, KubeFlags{.on = true});
}

TEST(CommandLine, AClusterIsNotAskedByAddress) {
  for (const std::vector<std::string>& flag :
       std::vector<std::vector<std::string>>{{"--server", "h:1"},
                                             {"--tls-ca", "f"},
                                             {"--tls-cert", "f"},
                                             {"--tls-key", "f"},
                                             {"--tls-server-name", "n"},
                                             {"--insecure"}}) {
    std::vector<std::string> arguments = {"nodes"};
    arguments.insert(arguments.end(), flag.begin(), flag.end());
    EXPECT_EQ(
        Parse(arguments, "kubectl-listenq").error,
        flag[0] +
            " does not go with `kubectl listenq`, which asks the cluster of kubectl's context: `listenq " +
            flag[0] + "` asks another server\nsee `kubectl listenq nodes --help`");
    arguments.insert(arguments.end(), {"--node", "n1"});
    ExpectUsageError(arguments,
                     flag[0] +
                         " does not go with --kube, --node or another flag of kubectl's: the cluster is "
                         "asked through kubectl\nsee `listenq nodes --help`");
  }
}

TEST(CommandLine, ThePluginsHelpIsForItsCluster) {
  const std::string nodes = Parse({"nodes", "--help"}, "kubectl-listenq").out;
  EXPECT_THAT(nodes, HasSubstr("Usage: kubectl listenq nodes"));
  EXPECT_THAT(nodes, HasSubstr("--context CONTEXT"));
  EXPECT_THAT(nodes, Not(HasSubstr("--server")));
  EXPECT_THAT(nodes, Not(HasSubstr("--kube ")));
  const std::string commands = Parse({"--help"}, "kubectl-listenq").out;
  EXPECT_THAT(commands, Not(HasSubstr("contexts")));
  EXPECT_THAT(commands, Not(HasSubstr("completion")));
  EXPECT_EQ(Parse({"completion", "bash"}, "kubectl-listenq").out, Parse({"completion", "bash"}).out);
}

TEST(CommandLine, ChangesContexts) {
  const auto accept = [](const std::vector<std::string>& arguments) {
    const ParseOutcome outcome = Parse(arguments);
    EXPECT_FALSE(outcome.options.has_value());
    EXPECT_TRUE(outcome.config.has_value()) << outcome.error;
    return outcome.config.value_or(ConfigRequest{});
  };
  const std::pair<const char*, ConfigAction> actions[] = {{"get-contexts", ConfigAction::kGetContexts},
                                                          {"current-context", ConfigAction::kCurrentContext},
                                                          {"view", ConfigAction::kView}};
  for (const auto& [word, action] : actions) EXPECT_EQ(accept({"config", word}).action, action) << word;
  const ConfigRequest use = accept({"config", "use-context", "top"});
  EXPECT_EQ(use.action, ConfigAction::kUseContext);
  EXPECT_EQ(use.name, "top");
  EXPECT_EQ(accept({"config", "delete-context", "config"}).action, ConfigAction::kDeleteContext);
  const ConfigRequest set =
      accept({"config", "set-context", "--server", "h:7443", "use-context", "--insecure"});
  EXPECT_EQ(set.action, ConfigAction::kSetContext);
  EXPECT_EQ(set.name, "use-context");
  EXPECT_EQ(set.server, (ServerFlags{.server = "h:7443", .insecure = true}));
}

TEST(CommandLine, RejectsWhatConfigDoesNotKnow) {
  ExpectUsageError({"config", "use-contxt", "prod"},
                   "unknown command use-contxt: did you mean use-context?\nsee `listenq config --help`");
  ExpectUsageError({"config", "use-context"}, "CONTEXT is required\nsee `listenq config use-context --help`");
  ExpectUsageError({"config", "view", "prod"}, "unexpected argument prod\nsee `listenq config view --help`");
  ExpectUsageError(
      {"config", "set-context", "prod", "--tls-crt", "x"},
      "unknown flag --tls-crt: did you mean --tls-cert?\nsee `listenq config set-context --help`");
  ExpectUsageError({"config", "use-context", "prod", "--server", "h:1"},
                   "unknown flag --server\nsee `listenq config use-context --help`");
  EXPECT_THAT(Parse({"config"}).out, HasSubstr("Usage: listenq config"));
  EXPECT_EQ(Parse({"config", "view", "x"}, "kubectl-listenq").error,
            "unexpected argument x\nsee `kubectl listenq config view --help`");
}

TEST(CommandLine, RejectsWhatItDoesNotKnow) {
  ExpectUsageError({"listners"}, "unknown command listners: did you mean listeners?\nsee `listenq --help`");
  ExpectUsageError({"zzz"}, "unknown command zzz\nsee `listenq --help`");
  ExpectUsageError({"listeners", "--colour=never"},
                   "unknown flag --colour: did you mean --color?\nsee `listenq listeners --help`");
  ExpectUsageError({"sysctls", "-w"}, "unknown flag -w\nsee `listenq sysctls --help`");
  ExpectUsageError({"--bogus", "listeners"}, "unknown flag --bogus\nsee `listenq --help`");
  ExpectUsageError({"nodes", "node-1"}, "unexpected argument node-1\nsee `listenq nodes --help`");
}

TEST(CommandLine, RejectsBadValuesByName) {
  const std::string see = "\nsee `listenq listeners --help`";
  ExpectUsageError({"listeners", "-o", "xml"},
                   "--output: xml: not one of table, wide, json, yaml, csv, name" + see);
  ExpectUsageError({"listeners", "--sort", "age"},
                   "--sort: age: not one of drops, fill, queue, address" + see);
  ExpectUsageError({"listeners", "--port", "http"}, "--port: http: not a whole number from 1 to 65535" + see);
  ExpectUsageError({"listeners", "--port", "65536"},
                   "--port: 65536: not a whole number from 1 to 65535" + see);
  ExpectUsageError({"listeners", "--min-fill", "101"},
                   "--min-fill: 101: not a whole number from 0 to 100" + see);
  ExpectUsageError({"listeners", "--timeout", "0s"}, "--timeout: 0s: must be more than 0" + see);
  ExpectUsageError({"listeners", "--limit"}, "--limit needs a value" + see);
  ExpectUsageError({"completion", "tcsh"},
                   "tcsh: not one of bash, zsh, fish\nsee `listenq completion --help`");
}

TEST(CommandLine, RejectsEmptyNamesByFlag) {
  const std::string see = "\nsee `listenq listeners --help`";
  for (const char* flag : {"--namespace", "--container", "--netns", "--process"}) {
    ExpectUsageError({"listeners", flag, ""},
                     flag + std::string(": \"\": not a name; leave it out to take all") + see);
  }
  ExpectUsageError({"listeners", ""}, "POD: \"\": not a name; leave it out to take all" + see);
}

TEST(CommandLine, TakesPodsAsKubectlSpellsThem) {
  EXPECT_THAT(Accept({"listeners", "pod/web-0", "po/web-1"}).selection.pods, ElementsAre("web-0", "web-1"));
  EXPECT_THAT(Accept({"sysctls", "--pod", "pod/web-0"}).selection.pods, ElementsAre("web-0"));
  ExpectUsageError({"drops", "shop/web-0"},
                   "POD: shop/web-0: not a pod's name; with its namespace: -n shop web-0\n"
                   "see `listenq drops --help`");
}

TEST(CommandLine, EveryListTakesEverySelector) {
  for (const char* command : {"listeners", "top", "namespaces", "sysctls", "drops", "history", "findings",
                              "states", "ports", "describe"}) {
    const Options options = Accept({command, "-n", "a,b", "-n", "c", "-l", "x=y", "-c", "d"});
    EXPECT_THAT(options.selection.namespaces, ElementsAre("a", "b", "c")) << command;
    EXPECT_EQ(options.selection.label_selector, "x=y") << command;
    EXPECT_THAT(options.selection.containers, ElementsAre("d")) << command;
    EXPECT_THAT(Accept({command, "-A", "-l", "x=y"}).selection.namespaces, IsEmpty()) << command;
  }
}

TEST(CommandLine, TakesWhichFindingsAreWanted) {
  const Options options =
      Accept({"findings", "--severity", "critical", "--rule", "a,b", "--rule=c", "--exit-code"});
  EXPECT_EQ(options.command, Command::kFindings);
  EXPECT_EQ(options.severity, SeverityFloor::kCritical);
  EXPECT_THAT(options.rules, ElementsAre("a", "b", "c"));
  EXPECT_TRUE(options.exit_code);
  EXPECT_EQ(Accept({"findings"}).severity, SeverityFloor::kAll);
  ExpectUsageError({"findings", "--severity", "bad"},
                   "--severity: bad: not one of info, warning, critical\nsee `listenq findings --help`");
}

TEST(CommandLine, DescribesAsKubectlDoes) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"describe", "web-0"},
                                                                     {"describe", "pod", "web-0"},
                                                                     {"describe", "pods", "web-0"},
                                                                     {"describe", "pod/web-0"}}) {
    EXPECT_THAT(Accept(arguments).selection.pods, ElementsAre("web-0"));
  }
  EXPECT_THAT(Accept({"describe", "pod"}).selection.pods, ElementsAre("pod"));
  EXPECT_EQ(Accept({"describe", "--netns", "host"}).command, Command::kDescribe);
}

TEST(CommandLine, DescribesWhatIsChosen) {
  ExpectUsageError({"describe"},
                   "describe needs a pod or a flag that chooses: describe POD, --netns NAME\n"
                   "see `listenq describe --help`");
  for (const char* format : {"csv", "name"}) {
    ExpectUsageError({"describe", "web-0", "-o", format},
                     std::string("--output: ") + format +
                         ": not one of table, wide, json, yaml\nsee `listenq describe --help`");
    ExpectUsageError({"-o", format, "describe", "web-0"},
                     std::string("describe has no ") + format +
                         ": listeners, findings and sysctls have\nsee `listenq describe --help`");
  }
}

TEST(CommandLine, HelpsWithFormatsThatItTakes) {
  EXPECT_THAT(Parse({"describe", "--help"}).out, HasSubstr("--output table|wide|json|yaml\n"));
}

TEST(CommandLine, AuditsByPolicies) {
  const Options options = Accept({"audit", "-f", "a.yaml", "-f", "-", "--filename=b,c.yaml", "--min-nodes",
                                  "95%", "--strict", "-n", "shop", "--pod", "api-*", "-o", "sarif"});
  EXPECT_EQ(options.command, Command::kAudit);
  EXPECT_THAT(options.audit.files, ElementsAre("a.yaml", "-", "b,c.yaml"));
  EXPECT_EQ(options.audit.min_nodes, (NodeFloor{.value = 95, .is_percent = true}));
  EXPECT_TRUE(options.audit.strict);
  EXPECT_THAT(options.selection.namespaces, ElementsAre("shop"));
  EXPECT_THAT(options.selection.pods, ElementsAre("api-*"));
  EXPECT_EQ(options.output, OutputFormat::kSarif);
  EXPECT_EQ(Accept({"audit", "-f", "a", "--min-nodes", "200"}).audit.min_nodes, NodeFloor{.value = 200});
  EXPECT_EQ(Accept({"audit", "-f", "a"}).audit.min_nodes, std::nullopt);
  EXPECT_EQ(Accept({"-o", "junit", "audit", "-f", "a"}).output, OutputFormat::kJunit);
}

TEST(CommandLine, AuditNeedsAPolicy) {
  const std::string see = "\nsee `listenq audit --help`";
  ExpectUsageError({"audit"},
                   "audit needs a policy: -f FILE; --print-default prints one to start from" + see);
  for (const char* floor : {"101%", "%", "-1", "many", "95.5%", ""}) {
    ExpectUsageError(
        {"audit", "-f", "a", "--min-nodes", floor},
        std::string("--min-nodes: ") + floor + ": not a number of nodes or a percentage, like 95%" + see);
  }
  ExpectUsageError({"audit", "-f", "a", "-o", "name"},
                   "--output: name: not one of table, wide, json, yaml, csv, sarif, junit" + see);
  ExpectUsageError({"-o", "name", "audit", "-f", "a"},
                   "audit has no name: one of table, wide, json, yaml, csv, sarif, junit" + see);
  ExpectUsageError({"-o", "sarif", "findings"},
                   "-o sarif goes with audit alone\nsee `listenq findings --help`");
}

TEST(CommandLine, PrintsThePolicyToStartFrom) {
  const ParseOutcome outcome = Parse({"audit", "--print-default"});
  EXPECT_FALSE(outcome.options.has_value());
  EXPECT_EQ(outcome.exit_code, kExitOk);
  EXPECT_EQ(outcome.out, DefaultPolicy());
}

TEST(CommandLine, BoundsAWalk) {
  const Options options = Accept({"ports", "--time-limit", "500ms", "--limit", "3", "web-0"});
  EXPECT_EQ(options.command, Command::kPorts);
  EXPECT_EQ(options.time_limit, absl::Milliseconds(500));
  EXPECT_EQ(options.limit, 3U);
  EXPECT_EQ(Accept({"states"}).time_limit, std::nullopt);
  EXPECT_EQ(Accept({"states", "--time-limit", "9s", "--timeout", "10s"}).time_limit, absl::Seconds(9));
  ExpectUsageError({"states", "--time-limit", "5s"},
                   "--time-limit 5s does not fit into --timeout 5s\nsee `listenq states --help`");
  ExpectUsageError({"states", "--limit", "1001"},
                   "--limit: 1001: not a whole number from 1 to 1000\nsee `listenq states --help`");
}

TEST(CommandLine, WarnsOfAWalk) {
  for (const char* command : {"states", "ports"}) {
    EXPECT_THAT(Parse({command, "--help"}).out, HasSubstr("walks over all connections")) << command;
  }
}

TEST(CommandLine, RejectsFlagsThatDoNotGoTogether) {
  for (const char* format : {"json", "yaml", "name"}) {
    ExpectUsageError({"listeners", "--by", "workload", "-o", format},
                     std::string("--by does not go with -o ") + format +
                         ": it groups tables and csv; each row of that format has its workload\n"
                         "see `listenq listeners --help`");
  }
  for (const char* grouping : {"workload", "node"}) {
    ExpectUsageError(
        {"sysctls", "--by", grouping, "-o", "json"},
        "--by does not go with -o json: it groups tables and csv; each row of that format has its "
        "workload\nsee `listenq sysctls --help`");
  }
  EXPECT_EQ(Accept({"sysctls", "--by", "value", "-o", "json"}).sysctl_grouping, SysctlGrouping::kValue);
  EXPECT_EQ(Accept({"sysctls", "--by=node", "-o", "csv"}).sysctl_grouping, SysctlGrouping::kNode);
  for (const char* format : {"table", "wide", "csv"}) {
    EXPECT_TRUE(Accept({"drops", "--by=workload", "-o", format}).by_workload);
  }
  ExpectUsageError({"drops", "-w", "--by", "workload"},
                   "--by does not go with --watch: a line for each drop is no group\n"
                   "see `listenq drops --help`");
  ExpectUsageError({"drops", "-w", "-o", "yaml"},
                   "--watch has no yaml: -o json prints one object a line\nsee `listenq drops --help`");
  ExpectUsageError({"drops", "-w", "--limit", "3"},
                   "--limit does not go with --watch\nsee `listenq drops --help`");
}

TEST(CompleteCommand, TakesALineThatIsNotWhole) {
  const Options options = Accept({"__complete", "pods", "listeners", "--server", "/x.sock", "-n", "shop,mq"});
  EXPECT_EQ(options.command, Command::kComplete);
  EXPECT_EQ(options.names, NameKind::kPods);
  EXPECT_EQ(options.server.server, "/x.sock");
  EXPECT_EQ(options.timeout, absl::Seconds(1));
  EXPECT_THAT(options.selection.namespaces, ElementsAre("shop", "mq"));
  const Options waiting = Accept({"__complete", "containers", "-n", "shop", "listeners", "web-0", "-c"});
  EXPECT_EQ(waiting.names, NameKind::kContainers);
  EXPECT_THAT(waiting.selection.pods, ElementsAre("web-0"));
  EXPECT_EQ(Accept({"__complete", "netns", "ns", "--timeout", "20ms"}).timeout, absl::Milliseconds(20));
}

TEST(CompleteCommand, ContextsNeedNoCommand) {
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{"__complete", "contexts", "config", "use-context"},
                                             {"__complete", "contexts", "nodes", "--context"}}) {
    const Options options = Accept(arguments);
    EXPECT_EQ(options.command, Command::kComplete);
    EXPECT_EQ(options.names, NameKind::kContexts);
  }
}

TEST(CompleteCommand, IsSilentAboutWhatItCannotTake) {
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{"__complete"},
                                             {"__complete", "pods"},
                                             {"__complete", "dogs", "listeners"},
                                             {"__complete", "pods", "listeners", "--bogus", "x"},
                                             {"__complete", "pods", "nope"},
                                             {"__complete", "pods", "__complete", "pods"}}) {
    const ParseOutcome outcome = Parse(arguments);
    EXPECT_FALSE(outcome.options.has_value());
    EXPECT_EQ(outcome.exit_code, kExitOk);
    EXPECT_EQ(outcome.out + outcome.error, "");
  }
}

TEST(CommandLine, HelpsEveryCommandWithAnExample) {
  for (const char* command : {"listeners", "top", "namespaces", "sysctls", "drops", "history", "findings",
                              "audit", "nodes", "config", "completion", "version", "help"}) {
    const ParseOutcome outcome = Parse({command, "--help"});
    EXPECT_EQ(outcome.exit_code, kExitOk);
    EXPECT_THAT(outcome.out, HasSubstr(std::string("Usage: listenq ") + command)) << command;
    EXPECT_THAT(outcome.out, HasSubstr(std::string("Example:\n  listenq ") + command)) << command;
    EXPECT_EQ(Parse({"help", command}).out, outcome.out) << command;
  }
}

TEST(CommandLine, HelpFitsIntoAHundredColumns) {
  for (const char* command :
       {"listeners", "top", "sysctls", "drops", "findings", "audit", "ports", "config", "completion"}) {
    const std::string help = Parse({command, "-h"}).out;
    for (size_t start = 0; start < help.size();) {
      const size_t end = std::min(help.find('\n', start), help.size());
      EXPECT_LE(end - start, 100U) << help.substr(start, end - start);
      start = end + 1;
    }
  }
}

TEST(CommandLine, SpeaksAsAPluginOfKubectl) {
  const ParseOutcome outcome = Parse({"top", "--help"}, "/usr/local/bin/kubectl-listenq");
  EXPECT_THAT(outcome.out, HasSubstr("Usage: kubectl listenq top"));
  EXPECT_THAT(outcome.out, HasSubstr("Example:\n  kubectl listenq top -n 20"));
  EXPECT_EQ(Parse({"nope"}, "kubectl-listenq").error, "unknown command nope\nsee `kubectl listenq --help`");
}

TEST(CommandLine, AnswersWithoutACommandByTheHelp) {
  const ParseOutcome outcome = Parse({});
  EXPECT_EQ(outcome.exit_code, kExitOk);
  EXPECT_THAT(outcome.out, HasSubstr("Commands:"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("--no-headers")));
  EXPECT_THAT(outcome.out, Not(HasSubstr("__complete")));
}

}  // namespace
}  // namespace listenq::client
