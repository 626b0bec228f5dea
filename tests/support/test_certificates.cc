#include "tests/support/test_certificates.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdint>
#include <ctime>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/support/test_netns.h"

namespace listenq::test {
namespace {

void Must(bool done, absl::string_view what) {
  if (!done) Die(absl::StrCat("make a certificate: ", what));
}

std::shared_ptr<EVP_PKEY> MakeKey() {
  std::shared_ptr<EVP_PKEY> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  Must(key != nullptr, "EVP_EC_gen");
  return key;
}

void SetTimes(X509* certificate, const CertificateNames& names) {
  Must(ASN1_TIME_set(X509_getm_notBefore(certificate), absl::ToTimeT(names.not_before)) != nullptr,
       "notBefore");
  Must(ASN1_TIME_set(X509_getm_notAfter(certificate), absl::ToTimeT(names.not_after)) != nullptr, "notAfter");
}

void SetSubject(X509* certificate, absl::string_view common_name) {
  const std::string text(common_name);
  Must(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                  reinterpret_cast<const unsigned char*>(text.c_str()), -1, -1, 0) == 1,
       absl::StrCat("subject ", text));
}

// A random number: those who remember a certificate by issuer and number see a new one.
void SetSerial(X509* certificate) {
  uint32_t serial = 0;
  Must(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) == 1, "RAND_bytes");
  Must(ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial + uint64_t{1}) == 1, "serial");
}

void AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, void (*)(X509_EXTENSION*)> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()), X509_EXTENSION_free);
  Must(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1, value);
}

std::shared_ptr<X509> MakeCertificate(absl::string_view common_name, const CertificateNames& names,
                                      EVP_PKEY* key) {
  std::shared_ptr<X509> certificate(X509_new(), X509_free);
  Must(certificate != nullptr && X509_set_version(certificate.get(), X509_VERSION_3) == 1, "X509_new");
  SetSerial(certificate.get());
  SetTimes(certificate.get(), names);
  SetSubject(certificate.get(), common_name);
  Must(X509_set_pubkey(certificate.get(), key) == 1, "public key");
  return certificate;
}

void Sign(X509* certificate, X509* issuer, EVP_PKEY* issuer_key) {
  Must(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1, "issuer");
  Must(X509_sign(certificate, issuer_key, EVP_sha256()) > 0, "X509_sign");
}

std::string AlternativeNames(const CertificateNames& names) {
  std::vector<std::string> all;
  for (const std::string& name : names.dns_names) all.push_back(absl::StrCat("DNS:", name));
  for (const std::string& uri : names.uris) all.push_back(absl::StrCat("URI:", uri));
  for (const std::string& address : names.ip_addresses) all.push_back(absl::StrCat("IP:", address));
  return absl::StrJoin(all, ",");
}

std::string ToText(BIO* memory) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<size_t>(size)};
}

using Bio = std::unique_ptr<BIO, int (*)(BIO*)>;

std::string ToPem(X509* certificate) {
  const Bio memory(BIO_new(BIO_s_mem()), BIO_free);
  Must(PEM_write_bio_X509(memory.get(), certificate) == 1, "PEM_write_bio_X509");
  return ToText(memory.get());
}

std::string ToPem(EVP_PKEY* key) {
  const Bio memory(BIO_new(BIO_s_mem()), BIO_free);
  Must(PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
       "PEM_write_bio_PrivateKey");
  return ToText(memory.get());
}

}  // namespace

TestCa::TestCa(absl::string_view name) : key_(MakeKey()) {
  certificate_ = MakeCertificate(name, {}, key_.get());
  X509* own = certificate_.get();
  AddExtension(own, own, NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(own, own, NID_key_usage, "critical,keyCertSign,cRLSign");
  AddExtension(own, own, NID_subject_key_identifier, "hash");
  Sign(own, own, key_.get());
  pem_ = ToPem(own);
}

SignedCertificate TestCa::Issue(const CertificateNames& names) const {
  const auto key = MakeKey();
  const auto certificate = MakeCertificate("listenq test", names, key.get());
  X509* own = certificate.get();
  AddExtension(own, certificate_.get(), NID_basic_constraints, "critical,CA:FALSE");
  AddExtension(own, certificate_.get(), NID_key_usage, "critical,digitalSignature");
  AddExtension(own, certificate_.get(), NID_ext_key_usage, "serverAuth,clientAuth");
  AddExtension(own, certificate_.get(), NID_authority_key_identifier, "keyid");
  const std::string alternative_names = AlternativeNames(names);
  if (!alternative_names.empty()) {
    AddExtension(own, certificate_.get(), NID_subject_alt_name, alternative_names);
  }
  Sign(own, certificate_.get(), key_.get());
  return {.cert = ToPem(own), .key = ToPem(key.get())};
}

CertificateFiles TestCa::Write(const TempFolder& folder, absl::string_view name,
                               const CertificateNames& names) const {
  const SignedCertificate issued = Issue(names);
  CertificateFiles files;
  files.ca = folder.Write(absl::StrCat(name, "-ca.pem"), pem_);
  files.cert = folder.Write(absl::StrCat(name, ".pem"), issued.cert);
  files.key = folder.Write(absl::StrCat(name, ".key"), issued.key);
  Must(chmod(files.key.c_str(), 0600) == 0, absl::StrCat("chmod ", files.key));
  return files;
}

}  // namespace listenq::test
