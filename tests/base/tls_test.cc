#include "base/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "base/tls_server.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_certificates.h"

namespace listenq::base {
namespace {

using ::testing::HasSubstr;

class TlsTest : public ::testing::Test {
 protected:
  TlsFiles Write(const test::TestCa& ca, const std::string& name, const test::CertificateNames& names) {
    const test::CertificateFiles files = ca.Write(folder_, name, names);
    return {.ca = files.ca, .cert = files.cert, .key = files.key};
  }
  static std::string ErrorOf(const TlsFiles& files) {
    return std::string(ReadTlsFiles(files).status().message());
  }

  const test::TempFolder folder_;
  const test::TestCa ca_{"lqt"};
};

TEST_F(TlsTest, ReadsTextsAndExpiry) {
  const absl::Time expiry = absl::FromUnixSeconds(2000000000);
  const auto material = ReadTlsFiles(Write(ca_, "web", {.dns_names = {"web"}, .not_after = expiry}));
  ASSERT_TRUE(material.ok()) << material.status();
  EXPECT_EQ(material->ca, ca_.pem());
  EXPECT_EQ(material->not_after, expiry);
}

TEST_F(TlsTest, SaysWhyACertificateIsNotValidNow) {
  const TlsFiles files = Write(ca_, "web", {.not_after = absl::FromUnixSeconds(2000000000)});
  const auto material = ReadTlsFiles(files);
  ASSERT_TRUE(material.ok()) << material.status();
  ASSERT_LT(material->not_before, material->not_after);
  EXPECT_EQ(WhyNotValid(files, *material, material->not_before), "");
  EXPECT_EQ(WhyNotValid(files, *material, material->not_after), "");
  EXPECT_EQ(WhyNotValid(files, *material, material->not_after + absl::Seconds(1)),
            files.cert + ": the certificate expired at 2033-05-18T03:33:20Z");
  EXPECT_EQ(WhyNotValid(files, *material, material->not_before - absl::Seconds(1)),
            absl::StrCat(files.cert, ": the certificate is not valid before ",
                         absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", material->not_before, absl::UTCTimeZone())));
}

TEST_F(TlsTest, NamesTheFlagThatIsMissing) {
  TlsFiles files = Write(ca_, "web", {});
  files.key = "";
  EXPECT_EQ(ErrorOf(files), "--tls-key is missing: mutual TLS takes --tls-ca, --tls-cert and --tls-key");
}

TEST_F(TlsTest, NamesTheFileThatIsWrong) {
  const TlsFiles good = Write(ca_, "web", {});
  TlsFiles files = good;
  files.cert = folder_.Path("none");
  EXPECT_THAT(ErrorOf(files), HasSubstr(files.cert));
  files.cert = folder_.Write("garbage", "garbage");
  EXPECT_EQ(ErrorOf(files),
            absl::StrCat("read ", files.cert, ": it holds no certificate (-----BEGIN CERTIFICATE-----)"));
  files.cert = good.key;
  EXPECT_THAT(ErrorOf(files), HasSubstr("it holds no certificate"));
  files = good;
  files.ca = folder_.Write("half", ca_.pem() + ca_.pem().substr(0, ca_.pem().size() / 2));
  EXPECT_EQ(ErrorOf(files), absl::StrCat("read ", files.ca, ": a certificate in it is broken"));
  files = good;
  files.key = good.cert;
  EXPECT_EQ(ErrorOf(files),
            absl::StrCat("read ", files.key, ": it holds no private key without a passphrase"));
  files.key = Write(ca_, "other", {}).key;
  EXPECT_EQ(ErrorOf(files),
            absl::StrCat("read ", files.key, ": it is not the key of the certificate in ", good.cert));
}

TEST_F(TlsTest, SeveralAuthoritiesInOneFile) {
  TlsFiles files = Write(ca_, "web", {});
  files.ca = folder_.Write("two", ca_.pem() + test::TestCa("other").pem());
  EXPECT_TRUE(ReadTlsFiles(files).ok());
}

TEST_F(TlsTest, GoodFilesReplaceAndBadOnesDoNot) {
  const TlsFiles files = Write(ca_, "web", {});
  const auto keeper = TlsKeeper::Load(files);
  ASSERT_TRUE(keeper.ok()) << keeper.status();
  const auto first = (*keeper)->Current();
  ASSERT_TRUE((*keeper)->Reload().ok());
  EXPECT_EQ((*keeper)->Current(), first) << "unchanged";
  folder_.Write("web.pem", "garbage");
  EXPECT_THAT(std::string((*keeper)->Reload().message()), HasSubstr("web.pem"));
  EXPECT_EQ((*keeper)->Current(), first);
  Write(ca_, "web", {.dns_names = {"new"}});
  ASSERT_TRUE((*keeper)->Reload().ok());
  EXPECT_NE((*keeper)->Current()->cert, first->cert);
}

TEST(IsAllowed, ByNameOrPattern) {
  EXPECT_TRUE(IsAllowed({"a.example.org"}, {"b.example.org", "a.example.org"}));
  EXPECT_TRUE(IsAllowed({"cli", "spiffe://listenq/ns/x/sa/cli"}, {"spiffe://listenq/ns/x/*"}));
  EXPECT_FALSE(IsAllowed({"a.example.org.evil"}, {"a.example.org", "*.example.org"}));
  EXPECT_FALSE(IsAllowed({}, {"*"}));
}

}  // namespace
}  // namespace listenq::base
