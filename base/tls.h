// Mutual TLS: a program's own certificate, and the authority that signs those of the others.
#ifndef LISTENQ_BASE_TLS_H_
#define LISTENQ_BASE_TLS_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/sys/mutex.h"

namespace listenq::base {

// What both ends send at a time. Buffers for records are kept as long as a connection, at both of its ends;
// an aggregator has a thousand of them.
inline constexpr int kTlsRecordBytes = 4 << 10;

// Paths of PEM files, as the flags --tls-ca, --tls-cert and --tls-key name them.
struct TlsFiles {
  // Certificates that sign the others' certificates.
  std::string ca;
  // Our certificate, those between it and the authority after it.
  std::string cert;
  // Its key, not encrypted.
  std::string key;
  [[nodiscard]] bool empty() const { return ca.empty() && cert.empty() && key.empty(); }
  bool operator==(const TlsFiles&) const = default;
};

// The files' texts.
struct TlsMaterial {
  std::string ca;
  std::string cert;
  std::string key;
  // From when until when our certificate is valid.
  absl::Time not_before;
  absl::Time not_after;
};

// "" or why others will not accept our certificate now: "/etc/x.pem: the certificate expired at 2026-…".
std::string WhyNotValid(const TlsFiles& files, const TlsMaterial& material, absl::Time now);

// InvalidArgument: a flag that is missing; a file that holds no certificate or key; a key that is not the
// certificate's. Else why a file could not be read. Each names the file.
absl::StatusOr<TlsMaterial> ReadTlsFiles(const TlsFiles& files);
// The part of it that needs no file.
absl::Status CheckAllGiven(const TlsFiles& files);

// Contract: what the files held when they were last good.
// Threading: Current from any thread; Reload from one.
class TlsKeeper {
 public:
  // As ReadTlsFiles.
  static absl::StatusOr<std::unique_ptr<TlsKeeper>> Load(const TlsFiles& files);

  // Never null; the same object until the files have changed.
  [[nodiscard]] std::shared_ptr<const TlsMaterial> Current() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Reads the files again. An error leaves what is in force.
  absl::Status Reload() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  TlsKeeper(TlsFiles files, TlsMaterial material)
      : files_(std::move(files)), current_(std::make_shared<const TlsMaterial>(std::move(material))) {}

  const TlsFiles files_;
  mutable sys::Mutex mutex_;
  std::shared_ptr<const TlsMaterial> current_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace listenq::base

#endif  // LISTENQ_BASE_TLS_H_
