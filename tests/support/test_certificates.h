// Certificates for tests of TLS, made on the spot.
#ifndef LISTENQ_TESTS_SUPPORT_TEST_CERTIFICATES_H_
#define LISTENQ_TESTS_SUPPORT_TEST_CERTIFICATES_H_

#include <openssl/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/support/temp_folder.h"

namespace listenq::test {

// What a certificate says of its owner, who may be server and client.
struct CertificateNames {
  std::vector<std::string> dns_names;
  // "spiffe://cluster.local/ns/listenq/sa/agent".
  std::vector<std::string> uris;
  // "127.0.0.1", "::1".
  std::vector<std::string> ip_addresses;
  absl::Time not_before = absl::Now() - absl::Hours(1);
  absl::Time not_after = absl::Now() + absl::Hours(24);
};

// Texts of PEM.
struct SignedCertificate {
  std::string cert;
  std::string key;
};

// Paths.
struct CertificateFiles {
  std::string ca;
  std::string cert;
  std::string key;
};

// A certificate authority with a P-256 key of its own: two of them do not trust each other, also when they
// have one name. Dies when OpenSSL refuses what is asked of it. Threading: any, after the constructor.
class TestCa {
 public:
  explicit TestCa(absl::string_view name);

  // Its own certificate.
  [[nodiscard]] const std::string& pem() const { return pem_; }
  [[nodiscard]] SignedCertificate Issue(const CertificateNames& names) const;
  // Issues one and writes NAME-ca.pem, NAME.pem and NAME.key (mode 0600) into `folder`, over what is there.
  [[nodiscard]] CertificateFiles Write(const TempFolder& folder, absl::string_view name,
                                       const CertificateNames& names) const;

 private:
  std::shared_ptr<EVP_PKEY> key_;
  std::shared_ptr<X509> certificate_;
  std::string pem_;
};

}  // namespace listenq::test

#endif  // LISTENQ_TESTS_SUPPORT_TEST_CERTIFICATES_H_
