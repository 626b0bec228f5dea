#include "base/tls_server.h"

#include <fnmatch.h>
#include <grpc/grpc_security.h>
#include <grpc/grpc_security_constants.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/sys/mutex.h"
#include "base/logging.h"

namespace listenq::base {
namespace {

std::vector<std::string> NamesOf(const grpc_auth_context* context) {
  std::vector<std::string> names;
  for (const char* property : {GRPC_PEER_SPIFFE_ID_PROPERTY_NAME, GRPC_PEER_DNS_PROPERTY_NAME}) {
    grpc_auth_property_iterator it = grpc_auth_context_find_properties_by_name(context, property);
    while (const grpc_auth_property* found = grpc_auth_property_iterator_next(&it)) {
      names.emplace_back(found->value, found->value_length);
    }
  }
  return names;
}

// grpc::SslServerCredentials reads its certificates once; gRPC's FileWatcherCertificateProvider forgets the
// good ones when the files turn to garbage. The C core asks for each connection, and keeps what it has when
// told so.
class TlsServerCredentials final : public grpc::ServerCredentials {
 public:
  explicit TlsServerCredentials(const TlsServerOptions& options)
      : keeper_(*options.keeper),
        allowed_(options.allowed_callers),
        credentials_(grpc_ssl_server_credentials_create_with_options(
            grpc_ssl_server_credentials_create_options_using_config_fetcher(
                GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY, &FetchCertificates, this))) {
    if (!allowed_.empty()) {
      grpc_server_credentials_set_auth_metadata_processor(
          credentials_, {.process = &CheckCaller, .destroy = nullptr, .state = this});
    }
  }
  ~TlsServerCredentials() override { grpc_server_credentials_release(credentials_); }
  TlsServerCredentials(const TlsServerCredentials&) = delete;
  TlsServerCredentials& operator=(const TlsServerCredentials&) = delete;

  // Ours is set already.
  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>& /*processor*/) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  static grpc_ssl_certificate_config_reload_status FetchCertificates(
      void* self, grpc_ssl_server_certificate_config** config) {
    return static_cast<TlsServerCredentials*>(self)->Fetch(config);
  }
  grpc_ssl_certificate_config_reload_status Fetch(grpc_ssl_server_certificate_config** config)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    std::shared_ptr<const TlsMaterial> current = keeper_.Current();
    const sys::MutexLock lock(mutex_);
    if (current == in_use_) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    const grpc_ssl_pem_key_cert_pair pair = {.private_key = current->key.c_str(),
                                             .cert_chain = current->cert.c_str()};
    *config = grpc_ssl_server_certificate_config_create(current->ca.c_str(), &pair, 1);
    in_use_ = std::move(current);
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  static void CheckCaller(void* self, grpc_auth_context* context, const grpc_metadata* /*metadata*/,
                          size_t /*count*/, grpc_process_auth_metadata_done_cb done, void* user_data) {
    const std::vector<std::string>& allowed = static_cast<TlsServerCredentials*>(self)->allowed_;
    const std::vector<std::string> names = NamesOf(context);
    if (IsAllowed(names, allowed)) return done(user_data, nullptr, 0, nullptr, 0, GRPC_STATUS_OK, nullptr);
    const std::string who =
        names.empty() ? "a certificate without SPIFFE id and DNS name" : absl::StrJoin(names, ", ");
    const std::string refusal = absl::StrCat(who, " may not call; allowed: ", absl::StrJoin(allowed, ", "));
    LogLimited(spdlog::level::warn, absl::StrCat("caller ", who), absl::StrCat("refused a call: ", refusal));
    done(user_data, nullptr, 0, nullptr, 0, GRPC_STATUS_PERMISSION_DENIED, refusal.c_str());
  }

  const TlsKeeper& keeper_;
  const std::vector<std::string> allowed_;
  grpc_server_credentials* const credentials_;
  sys::Mutex mutex_;
  std::shared_ptr<const TlsMaterial> in_use_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> MakeTlsServerCredentials(const TlsServerOptions& options) {
  return std::make_shared<TlsServerCredentials>(options);
}

bool IsAllowed(const std::vector<std::string>& names, const std::vector<std::string>& allowed) {
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& pattern) {
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
    });
  });
}

}  // namespace listenq::base
