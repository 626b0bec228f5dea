#include "client/contexts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "agent/sys/file.h"
#include "tests/support/temp_folder.h"

namespace listenq::client {
namespace {

using ::testing::HasSubstr;

constexpr char kWhole[] = R"(current-context: prod
contexts:
  - name: prod
    server: listenq.example.org:7443
    tls-ca: prod/ca.pem
    tls-cert: prod/me.pem
    tls-key: /keys/me.key
    tls-server-name: listenq-aggregator
  - name: lab
    server: 10.1.2.3:7070
    insecure: true
  - name: node
    server: unix:///run/listenq/agent.sock
)";

Contexts Whole() {
  return {.current = "prod",
          .all = {{.name = "prod",
                   .server = "listenq.example.org:7443",
                   .tls = {.ca = "prod/ca.pem", .cert = "prod/me.pem", .key = "/keys/me.key"},
                   .tls_server_name = "listenq-aggregator"},
                  {.name = "lab", .server = "10.1.2.3:7070", .insecure = true},
                  {.name = "node", .server = "unix:///run/listenq/agent.sock"}}};
}

std::string ErrorOf(const std::string& text) {
  const auto contexts = ParseContexts("c.yaml", text);
  EXPECT_EQ(contexts.status().code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(contexts.status().message());
}

// A context that is right, with `line` as its third line.
std::string WithLine(const std::string& line) {
  return "contexts:\n  - {name: prod, server: 'h:1',\n    " + line + "}\n";
}

TEST(ContextsPath, IsWhereTheEnvironmentSays) {
  EXPECT_EQ(ContextsPath("/etc/c.yaml", "/xdg", "/home/me"), "/etc/c.yaml");
  EXPECT_EQ(ContextsPath("c.yaml", "", ""), "c.yaml");
  EXPECT_EQ(ContextsPath("", "/xdg", "/home/me"), "/xdg/listenq/config.yaml");
  EXPECT_EQ(ContextsPath("", "relative", "/home/me"), "/home/me/.config/listenq/config.yaml");
  EXPECT_EQ(ContextsPath("", "", "/home/me"), "/home/me/.config/listenq/config.yaml");
  EXPECT_EQ(ContextsPath("", "", ""), "");
}

TEST(ParseContexts, ReadsEveryKey) {
  const auto contexts = ParseContexts("c.yaml", kWhole);
  ASSERT_TRUE(contexts.ok()) << contexts.status();
  EXPECT_EQ(*contexts, Whole());
}

TEST(ParseContexts, NothingIsNoContexts) {
  for (const char* text : {"", "# only a comment\n", "contexts:\n", "contexts: []\n", "{}"}) {
    const auto contexts = ParseContexts("c.yaml", text);
    ASSERT_TRUE(contexts.ok()) << text << contexts.status();
    EXPECT_EQ(*contexts, Contexts{}) << text;
  }
}

TEST(ParseContexts, ErrorsNameFileLineAndKey) {
  EXPECT_EQ(ErrorOf("current-contxt: a\n"),
            "c.yaml:1: current-contxt: unknown key; did you mean current-context?");
  EXPECT_EQ(ErrorOf("a\n"), "c.yaml:1: must be a map with the keys current-context, contexts");
  EXPECT_EQ(ErrorOf("contexts: prod\n"), "c.yaml:1: contexts: must be a list, like [a, b]");
  EXPECT_EQ(ErrorOf("\ncontexts:\n  - prod\n"),
            "c.yaml:3: contexts[0]: must be a map with the keys name, server, tls-ca, tls-cert, tls-key, "
            "tls-server-name, insecure");
  EXPECT_EQ(ErrorOf(WithLine("tls_ca: x")),
            "c.yaml:3: contexts[0].tls_ca: unknown key; did you mean tls-ca?");
  EXPECT_EQ(ErrorOf(WithLine("tls-ca: ")), "c.yaml:3: contexts[0].tls-ca: has no value");
  EXPECT_EQ(ErrorOf(WithLine("insecure: yes")), "c.yaml:3: contexts[0].insecure: must be true or false");
  EXPECT_EQ(ErrorOf(WithLine("name: other")), "c.yaml:3: contexts[0].name: stands there twice");
  EXPECT_THAT(ErrorOf("contexts: [\n"), HasSubstr("not YAML: "));
  EXPECT_EQ(ErrorOf("contexts:\n---\ncontexts:\n"), "c.yaml:2: a second document; a file has one");
}

TEST(ParseContexts, AContextIsWhole) {
  EXPECT_EQ(ErrorOf("contexts:\n  - server: h:1\n"), "c.yaml:2: contexts[0]: name is missing");
  EXPECT_EQ(ErrorOf("contexts:\n  - name: a\n"), "c.yaml:2: contexts[0]: server is missing");
  EXPECT_EQ(ErrorOf("contexts:\n  - name: a b\n    server: h:1\n"),
            "c.yaml:2: contexts[0]: \"a b\": a context's name has letters, digits and ._-/@%+");
  EXPECT_THAT(ErrorOf("contexts:\n  - name: a\n    server: bogus\n"),
              HasSubstr("c.yaml:3: contexts[0].server: parse address \"bogus\": "));
  EXPECT_EQ(ErrorOf(WithLine("tls-ca: x, tls-key: y")),
            "c.yaml:2: contexts[0]: tls-ca, tls-key without tls-cert: mutual TLS needs an authority, a "
            "certificate and its key");
  EXPECT_EQ(ErrorOf(WithLine("tls-ca: x, tls-cert: y, tls-key: z, insecure: true")),
            "c.yaml:2: contexts[0]: insecure does not go with tls-ca: it means no TLS");
  EXPECT_EQ(ErrorOf("contexts: [{name: a, server: /x.sock, tls-ca: x, tls-cert: y, tls-key: z}]"),
            "c.yaml:1: contexts[0]: tls-ca does not go with /x.sock: a unix socket speaks no TLS");
  EXPECT_EQ(ErrorOf("contexts:\n  - {name: a, server: 'h:1'}\n  - {name: a, server: 'h:2'}\n"),
            "c.yaml:3: contexts[1].name: \"a\": a context before it has that name");
}

TEST(ContextsToYaml, IsReadAsWhatItWas) {
  EXPECT_EQ(ContextsToYaml(Whole()), kWhole);
  const Contexts odd = {
      .current = "null",
      .all = {{.name = "null", .server = "h:1", .tls = {.ca = "# a: 'b", .cert = " c ", .key = "true"}},
              {.name = "1e3", .server = "[::1]:7070"}}};
  const auto contexts = ParseContexts("c.yaml", ContextsToYaml(odd));
  ASSERT_TRUE(contexts.ok()) << contexts.status();
  EXPECT_EQ(*contexts, odd);
  EXPECT_EQ(*ParseContexts("c.yaml", ContextsToYaml({})), Contexts{});
}

class ContextsFile : public ::testing::Test {
 protected:
  [[nodiscard]] static mode_t ModeOf(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777;
  }
  [[nodiscard]] size_t FilesBeside(const std::string& path) const {
    return sys::ListFolder(std::filesystem::path(path).parent_path().string())->size();
  }

  test::TempFolder folder_;
};

TEST_F(ContextsFile, ThatIsMissingHasNone) {
  EXPECT_EQ(*ReadContexts(folder_.Path("none/config.yaml")), Contexts{});
  EXPECT_EQ(*ReadContexts(""), Contexts{});
}

TEST_F(ContextsFile, ThatCannotBeReadSaysWhy) {
  EXPECT_EQ(ReadContexts(folder_.path()).status().message(), "read " + folder_.path() + ": Is a directory");
}

TEST_F(ContextsFile, IsTheOwnersAlone) {
  const std::string path = folder_.Path("a/b/config.yaml");
  ASSERT_EQ(WriteContexts(path, Whole()), absl::OkStatus());
  EXPECT_EQ(*ReadContexts(path), Whole());
  EXPECT_EQ(ModeOf(path), 0600U);
  EXPECT_EQ(ModeOf(folder_.Path("a/b")), 0700U);
  EXPECT_EQ(ModeOf(folder_.Path("a")), 0700U);
}

TEST_F(ContextsFile, IsReplacedAsAWhole) {
  const std::string path = folder_.Write("config.yaml", "contexts: []\n");
  const auto before = sys::StatFile(path);
  ASSERT_EQ(WriteContexts(path, Whole()), absl::OkStatus());
  EXPECT_NE(sys::StatFile(path)->inode, before->inode);
  EXPECT_EQ(FilesBeside(path), 1U);
}

TEST_F(ContextsFile, BehindALinkIsReplacedThere) {
  const std::string target = folder_.Write("real/config.yaml", "");
  const std::string link = folder_.Path("config.yaml");
  ASSERT_EQ(symlink(target.c_str(), link.c_str()), 0);
  ASSERT_EQ(WriteContexts(link, Whole()), absl::OkStatus());
  EXPECT_EQ(*sys::ReadLink(link), target);
  EXPECT_EQ(*ReadContexts(target), Whole());
}

TEST_F(ContextsFile, ThatCannotBeWrittenSaysWhyAndLeavesNothing) {
  const std::string path = folder_.Path("config.yaml");
  ASSERT_EQ(mkdir(path.c_str(), 0700), 0);
  EXPECT_EQ(WriteContexts(path, Whole()).message(), "replace " + path + ": Is a directory");
  EXPECT_EQ(FilesBeside(path), 1U);
  const std::string file = folder_.Write("file", "");
  EXPECT_EQ(WriteContexts(file + "/config.yaml", Whole()).message(),
            "make a file beside " + file + "/config.yaml: Not a directory");
  EXPECT_EQ(WriteContexts("", Whole()).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(FilesOf, BeginAtTheFilesFolder) {
  const base::TlsFiles files = FilesOf(Whole().all[0], "/home/me/.config/listenq/config.yaml");
  EXPECT_EQ(files.ca, "/home/me/.config/listenq/prod/ca.pem");
  EXPECT_EQ(files.key, "/keys/me.key");
  EXPECT_TRUE(FilesOf(Whole().all[1], "/x/config.yaml").empty());
  EXPECT_EQ(FilesOf(Whole().all[0], "config.yaml").ca, "prod/ca.pem");
}

TEST(FindContext, NamesTheFileAndWhatItHas) {
  EXPECT_EQ(FindContext(Whole(), "lab", "c.yaml")->server, "10.1.2.3:7070");
  EXPECT_EQ(FindContext(Whole(), "prd", "c.yaml").status(),
            absl::NotFoundError("context prd: not in c.yaml; there are prod, lab, node: did you mean prod?"));
  EXPECT_EQ(FindContext(Whole(), "other", "c.yaml").status(),
            absl::NotFoundError("context other: not in c.yaml; there are prod, lab, node"));
  EXPECT_EQ(FindContext({}, "prod", "c.yaml").status(),
            absl::NotFoundError("context prod: not in c.yaml; `listenq config set-context` makes one"));
}

}  // namespace
}  // namespace listenq::client
