#include "tests/support/test_certificates.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <string>

namespace listenq::test {
namespace {

using Certificate = std::unique_ptr<X509, void (*)(X509*)>;

Certificate Parse(const std::string& pem) {
  BIO* memory = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  Certificate certificate(PEM_read_bio_X509(memory, nullptr, nullptr, nullptr), X509_free);
  BIO_free(memory);
  return certificate;
}

// X509_V_OK, or why a peer that trusts `ca` refuses `pem`.
int Verify(const TestCa& ca, const std::string& pem) {
  const Certificate root = Parse(ca.pem());
  const Certificate certificate = Parse(pem);
  X509_STORE* store = X509_STORE_new();
  X509_STORE_add_cert(store, root.get());
  X509_STORE_CTX* context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, store, certificate.get(), nullptr);
  X509_verify_cert(context);
  const int error = X509_STORE_CTX_get_error(context);
  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
  return error;
}

TEST(TestCa, IssuesWhatIsTrustedUnderItsNames) {
  const TestCa ca("lqt ca");
  const SignedCertificate issued = ca.Issue(
      {.dns_names = {"front.test", "other.test"}, .uris = {"spiffe://test/sa"}, .ip_addresses = {"::1"}});
  EXPECT_EQ(Verify(ca, issued.cert), X509_V_OK);
  const Certificate certificate = Parse(issued.cert);
  EXPECT_EQ(X509_check_host(certificate.get(), "other.test", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(certificate.get(), "third.test", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "::1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "127.0.0.1", 0), 0);
}

TEST(TestCa, AnotherOfTheSameNameIsNotTrusted) {
  const TestCa ca("lqt ca");
  const TestCa other("lqt ca");
  EXPECT_NE(Verify(other, ca.Issue({.dns_names = {"front.test"}}).cert), X509_V_OK);
}

TEST(TestCa, TimesAreThoseAskedFor) {
  const TestCa ca("lqt ca");
  const absl::Time now = absl::Now();
  EXPECT_EQ(
      Verify(ca, ca.Issue({.not_before = now - absl::Hours(2), .not_after = now - absl::Hours(1)}).cert),
      X509_V_ERR_CERT_HAS_EXPIRED);
}

TEST(TestCa, WritesFilesThatBelongTogether) {
  const TestCa ca("lqt ca");
  const TempFolder folder;
  const CertificateFiles files = ca.Write(folder, "front", {.dns_names = {"front.test"}});
  EXPECT_EQ(files.cert, folder.Path("front.pem"));
  BIO* file = BIO_new_file(files.key.c_str(), "r");
  ASSERT_NE(file, nullptr);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(file, nullptr, nullptr, nullptr);
  BIO_free(file);
  BIO* cert_file = BIO_new_file(files.cert.c_str(), "r");
  ASSERT_NE(cert_file, nullptr);
  const Certificate certificate(PEM_read_bio_X509(cert_file, nullptr, nullptr, nullptr), X509_free);
  BIO_free(cert_file);
  ASSERT_NE(certificate, nullptr);
  EXPECT_EQ(X509_check_private_key(certificate.get(), key), 1);
  EVP_PKEY_free(key);
}

}  // namespace
}  // namespace listenq::test
