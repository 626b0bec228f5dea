#include "base/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <ctime>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "agent/sys/file.h"
#include "agent/sys/status.h"

namespace listenq::base {
namespace {

constexpr size_t kMaxFileBytes = 1 << 20;

struct Deleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
template <typename T>
using Owned = std::unique_ptr<T, Deleter>;

absl::Status Invalid(absl::string_view path, absl::string_view cause) {
  // OpenSSL's own words are of its insides; what it left behind would stand in the way of the next error.
  ERR_clear_error();
  return absl::InvalidArgumentError(absl::StrCat("read ", path, ": ", cause));
}

Owned<BIO> Open(const std::string& pem) {
  return Owned<BIO>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

Owned<X509> NextCertificate(BIO* bio) {
  return Owned<X509>(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
}

// All of them, so that garbage after a good one is noticed too. The first.
absl::StatusOr<Owned<X509>> ParseCertificates(const std::string& path, const std::string& pem) {
  const Owned<BIO> bio = Open(pem);
  Owned<X509> first = NextCertificate(bio.get());
  if (first == nullptr) return Invalid(path, "it holds no certificate (-----BEGIN CERTIFICATE-----)");
  while (NextCertificate(bio.get()) != nullptr) {
  }
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
    return Invalid(path, "a certificate in it is broken");
  }
  ERR_clear_error();
  return first;
}

// A prompt on the terminal of a server helps nobody.
int RefusePassphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return -1; }

absl::Status CheckKey(const TlsFiles& files, const std::string& pem, X509* certificate) {
  const Owned<BIO> bio = Open(pem);
  const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, RefusePassphrase, nullptr));
  if (key == nullptr) return Invalid(files.key, "it holds no private key without a passphrase");
  if (X509_check_private_key(certificate, key.get()) != 1) {
    return Invalid(files.key, absl::StrCat("it is not the key of the certificate in ", files.cert));
  }
  return absl::OkStatus();
}

// `unreadable` where it is no time.
absl::Time TimeOf(const ASN1_TIME* field, absl::Time unreadable) {
  std::tm time{};
  return ASN1_TIME_to_tm(field, &time) == 1 ? absl::FromTM(time, absl::UTCTimeZone()) : unreadable;
}

std::string DateOf(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

}  // namespace

absl::Status CheckAllGiven(const TlsFiles& files) {
  const std::pair<const char*, const std::string*> flags[] = {
      {"--tls-ca", &files.ca}, {"--tls-cert", &files.cert}, {"--tls-key", &files.key}};
  for (const auto& [flag, path] : flags) {
    if (path->empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(flag, " is missing: mutual TLS takes --tls-ca, --tls-cert and --tls-key"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<TlsMaterial> ReadTlsFiles(const TlsFiles& files) {
  RETURN_IF_ERROR(CheckAllGiven(files));
  TlsMaterial material;
  ASSIGN_OR_RETURN(material.ca, sys::ReadFile(files.ca, kMaxFileBytes));
  ASSIGN_OR_RETURN(material.cert, sys::ReadFile(files.cert, kMaxFileBytes));
  ASSIGN_OR_RETURN(material.key, sys::ReadFile(files.key, kMaxFileBytes));
  RETURN_IF_ERROR(ParseCertificates(files.ca, material.ca).status());
  ASSIGN_OR_RETURN(const Owned<X509> certificate, ParseCertificates(files.cert, material.cert));
  RETURN_IF_ERROR(CheckKey(files, material.key, certificate.get()));
  material.not_before = TimeOf(X509_get0_notBefore(certificate.get()), absl::InfiniteFuture());
  material.not_after = TimeOf(X509_get0_notAfter(certificate.get()), absl::InfinitePast());
  return material;
}

std::string WhyNotValid(const TlsFiles& files, const TlsMaterial& material, absl::Time now) {
  if (now > material.not_after) {
    return absl::StrCat(files.cert, ": the certificate expired at ", DateOf(material.not_after));
  }
  if (now < material.not_before) {
    return absl::StrCat(files.cert, ": the certificate is not valid before ", DateOf(material.not_before));
  }
  return "";
}

absl::StatusOr<std::unique_ptr<TlsKeeper>> TlsKeeper::Load(const TlsFiles& files) {
  ASSIGN_OR_RETURN(TlsMaterial material, ReadTlsFiles(files));
  return std::unique_ptr<TlsKeeper>(new TlsKeeper(files, std::move(material)));
}

std::shared_ptr<const TlsMaterial> TlsKeeper::Current() const {
  const sys::MutexLock lock(mutex_);
  return current_;
}

absl::Status TlsKeeper::Reload() {
  ASSIGN_OR_RETURN(TlsMaterial material, ReadTlsFiles(files_));
  const std::shared_ptr<const TlsMaterial> known = Current();
  if (material.ca == known->ca && material.cert == known->cert && material.key == known->key) {
    return absl::OkStatus();
  }
  auto fresh = std::make_shared<const TlsMaterial>(std::move(material));
  const sys::MutexLock lock(mutex_);
  current_ = std::move(fresh);
  return absl::OkStatus();
}

}  // namespace listenq::base
