#include "agent/discover/proc_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "tests/agent/discover/fake_proc.h"

namespace listenq::discover {
namespace {

TEST(ProcessStatParse, ReadsNameAndKernelThreadFlag) {
  ProcessStat stat;
  ASSERT_TRUE(ParseProcessStat("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0", &stat));
  EXPECT_EQ(stat.comm, "kthreadd");
  EXPECT_TRUE(stat.kernel_thread);
  ASSERT_TRUE(ParseProcessStat("7 (bash) S 1 7 7 34816 9 4194560 0 0", &stat));
  EXPECT_FALSE(stat.kernel_thread);
}

TEST(ProcessStatParse, NameMayHaveParenthesesAndEscapes) {
  ProcessStat stat;
  ASSERT_TRUE(ParseProcessStat("7 (\x1b[2J) S 1 (x) T 1 7 7 34816 9 4194560 0 0", &stat));
  EXPECT_EQ(stat.state, 'T');
  EXPECT_EQ(stat.comm, "\x1b[2J) S 1 (x");
}

TEST(ProcessStatParse, CutsTheLongNamesOfWorkers) {
  ProcessStat stat;
  ASSERT_TRUE(ParseProcessStat("9 (kworker/0:1H-kblockd) I 2 0 0 0 -1 69238880 0", &stat));
  EXPECT_EQ(stat.comm, "kworker/0:1H-kb");
}

TEST(ProcessStatParse, RejectsWhatIsNone) {
  ProcessStat stat;
  for (const char* text :
       {"", "7 (bash", "7 bash)", ")(", "7 (bash) S 1 7 7 34816 9", "7 (bash) S 1 7 7 3 9 x"}) {
    EXPECT_FALSE(ParseProcessStat(text, &stat)) << text;
  }
}

TEST(CommParse, KeepsRawBytesWithoutTheLastNewline) {
  EXPECT_EQ(CommOf("nginx\n"), "nginx");
  EXPECT_EQ(CommOf("\x1b[2J\n\n"), "\x1b[2J\n");
  EXPECT_EQ(CommOf("0123456789abcde\n"), "0123456789abcde");
  EXPECT_EQ(CommOf("0123456789abcdef"), "0123456789abcde");
  EXPECT_EQ(CommOf(""), "");
}

TEST(EffectiveCapabilitiesParse, ReadsTheLine) {
  uint64_t capabilities = 0;
  ASSERT_TRUE(
      ParseEffectiveCapabilities("Name:\tx\nCapPrm:\t00\nCapEff:\t0000000000080000\n", &capabilities));
  EXPECT_EQ(capabilities, 0x80000u);
  EXPECT_FALSE(ParseEffectiveCapabilities("Name:\tx\n", &capabilities));
}

class ProcFolder : public testing::Test {
 protected:
  sys::UniqueFd Open() {
    sys::UniqueFd folder;
    EXPECT_EQ(OpenFolder(AT_FDCWD, proc_.path().c_str(), &folder), 0);
    return folder;
  }
  test::FakeProc proc_;
};

TEST_F(ProcFolder, ListsNumbersAscending) {
  for (const char* name : {"30", "4", "1000", "self", "4x", "99999999999", "18446744073709551620"}) {
    proc_.MakeFolder(name);
  }
  std::vector<NumericEntry> entries(5);
  ASSERT_EQ(ListNumericEntries(Open().get(), &entries), 0);
  std::vector<uint32_t> numbers;
  for (const NumericEntry& entry : entries) numbers.push_back(entry.number);
  EXPECT_EQ(numbers, (std::vector<uint32_t>{4, 30, 1000}));
}

TEST_F(ProcFolder, ReadsLinksOfOneKind) {
  proc_.Link("a", "net:[4026531833]");
  proc_.Link("b", "mnt:[4026531833]");
  proc_.Link("c", "net:[12x]");
  proc_.Link("d", "net:[123");
  const sys::UniqueFd folder = Open();
  uint64_t number = 7;
  EXPECT_EQ(ReadBracketedLink(folder.get(), "a", "net", &number), 0);
  EXPECT_EQ(number, 4026531833u);
  for (const char* name : {"b", "c", "d"}) {
    EXPECT_EQ(ReadBracketedLink(folder.get(), name, "net", &number), 0);
    EXPECT_EQ(number, 0u) << name;
  }
  EXPECT_EQ(ReadBracketedLink(folder.get(), "e", "net", &number), ENOENT);
}

TEST_F(ProcFolder, ReadsNoMoreThanAsked) {
  proc_.WriteFile("long", std::string(10000, 'x'));
  std::string content = "before";
  ASSERT_EQ(ReadAtMost(Open().get(), "long", 5000, &content), 0);
  EXPECT_EQ(content, std::string(5000, 'x'));
  ASSERT_EQ(ReadAtMost(Open().get(), "gone", 5000, &content), ENOENT);
  EXPECT_EQ(content, "");
}

}  // namespace
}  // namespace listenq::discover
