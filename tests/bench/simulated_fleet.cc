#include "tests/bench/simulated_fleet.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/byte_buffer.h>

#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "agent/serve/answers.h"
#include "agent/serve/batches.h"
#include "agent/serve/filter.h"
#include "agent/sys/mutex.h"
#include "agent/sys/status.h"
#include "base/server.h"

namespace listenq::bench {
namespace {

constexpr absl::string_view kService = "/listenq.v1.Observer/";

// The messages of one answer.
using Answer = std::vector<grpc::ByteBuffer>;

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

grpc::ByteBuffer ToBuffer(const google::protobuf::MessageLite& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return {&slice, 1};
}

absl::StatusOr<Answer> AnswerListeners(const serve::Basis& basis, const std::string& bytes) {
  v1::ListListenersRequest request;
  if (!request.ParseFromString(bytes)) return absl::InvalidArgumentError("parse request: garbage");
  ASSIGN_OR_RETURN(const serve::Filter filter, serve::Filter::Compile(request.filter(), basis.now));
  const auto next = serve::ToMessages(serve::AnswerListeners(basis, filter, request));
  Answer answer;
  for (v1::ListListenersResponse message; next(&message); message.Clear()) {
    answer.push_back(ToBuffer(message));
  }
  return answer;
}

absl::StatusOr<Answer> AnswerNodes(const serve::Basis& basis) {
  v1::ListNodesResponse response;
  serve::AnswerNodes(basis, {}, &response);
  return Answer{ToBuffer(response)};
}

// Threading: any.
class Node {
 public:
  Node(size_t number, const SimulatedSize& size) : number_(number), size_(size) {}

  [[nodiscard]] std::string name() const { return SimulatedNodeName(number_); }

  absl::StatusOr<std::shared_ptr<const Answer>> AnswerTo(const std::string& method,
                                                         const std::string& request)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    const sys::MutexLock lock(mutex_);
    std::shared_ptr<const Answer>& answer = answers_[{method, request}];
    if (answer == nullptr) {
      ASSIGN_OR_RETURN(Answer made, Make(method, request));
      answer = std::make_shared<const Answer>(std::move(made));
    }
    return answer;
  }

 private:
  [[nodiscard]] absl::StatusOr<Answer> Make(const std::string& method, const std::string& request) const {
    const absl::Time now = absl::Now();
    const serve::Basis basis = {
        .snapshot = std::make_shared<const model::Snapshot>(MakeSimulatedSnapshot(number_, size_, now)),
        .now = now};
    if (method == absl::StrCat(kService, "ListListeners")) return AnswerListeners(basis, request);
    if (method == absl::StrCat(kService, "ListNodes")) return AnswerNodes(basis);
    return absl::UnimplementedError(absl::StrCat(method, " is not simulated"));
  }

  const size_t number_;
  const SimulatedSize size_;
  sys::Mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const Answer>> answers_
      ABSL_GUARDED_BY(mutex_);
};

// One call to a node. A message goes out when the one before has, as the agent's do.
class Call final : public grpc::ServerGenericBidiReactor {
 public:
  Call(Node* node, std::string method) : node_(node), method_(std::move(method)) { StartRead(&request_); }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish({grpc::StatusCode::INVALID_ARGUMENT, "there is no request"});
    auto answer = node_->AnswerTo(method_, BytesOf(request_));
    if (!answer.ok()) {
      return Finish(
          {static_cast<grpc::StatusCode>(answer.status().code()), std::string(answer.status().message())});
    }
    answer_ = *std::move(answer);
    SendNext();
  }
  void OnWriteDone(bool ok) override {
    if (ok) return SendNext();
    Finish({grpc::StatusCode::CANCELLED, "the caller is gone"});
  }
  void OnDone() override { delete this; }

 private:
  void SendNext() {
    if (next_ == answer_->size()) return Finish(grpc::Status::OK);
    StartWrite(&(*answer_)[next_++]);
  }

  Node* const node_;
  const std::string method_;
  grpc::ByteBuffer request_;
  std::shared_ptr<const Answer> answer_;
  size_t next_ = 0;
};

class Refusal final : public grpc::ServerGenericBidiReactor {
 public:
  explicit Refusal(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

class Service final : public grpc::CallbackGenericService {
 public:
  // Before the first call.
  void Add(const std::string& authority, Node* node) { nodes_[authority] = node; }

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    const auto found = nodes_.find(context->host());
    if (found != nodes_.end()) return new Call(found->second, context->method());
    return new Refusal(
        {grpc::StatusCode::NOT_FOUND, absl::StrCat(context->host(), " is no node of this fleet")});
  }

 private:
  absl::flat_hash_map<std::string, Node*> nodes_;
};

}  // namespace

struct SimulatedFleet::Parts {
  std::vector<std::unique_ptr<Node>> nodes;
  std::unique_ptr<base::TlsKeeper> tls;
  Service service;
  base::Listening listening;  // goes before the service
};

absl::StatusOr<std::unique_ptr<SimulatedFleet>> SimulatedFleet::Start(const Options& options) {
  auto parts = std::make_unique<Parts>();
  const std::string top = TopRequest().SerializeAsString();
  for (size_t i = 0; i < options.count; ++i) {
    parts->nodes.push_back(std::make_unique<Node>(options.first + i, options.node));
    RETURN_IF_ERROR(parts->nodes.back()->AnswerTo(absl::StrCat(kService, "ListListeners"), top).status());
    RETURN_IF_ERROR(parts->nodes.back()->AnswerTo(absl::StrCat(kService, "ListNodes"), "").status());
  }
  ASSIGN_OR_RETURN(parts->tls, base::TlsKeeper::Load(options.tls));
  grpc::ServerBuilder builder;
  builder.RegisterCallbackGenericService(&parts->service);
  const base::TlsServerOptions tls = {.keeper = parts->tls.get(), .allowed_callers = {}};
  const std::vector<base::Address> anywhere(options.count, {.host = "127.0.0.1", .tls = true});
  ASSIGN_OR_RETURN(parts->listening, base::StartServer(builder, anywhere, &tls));
  for (size_t i = 0; i < options.count; ++i) {
    parts->service.Add(base::HostPort(parts->listening.addresses[i]), parts->nodes[i].get());
  }
  return std::unique_ptr<SimulatedFleet>(new SimulatedFleet(std::move(parts)));
}

SimulatedFleet::SimulatedFleet(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

SimulatedFleet::~SimulatedFleet() {
  parts_->listening.server->Shutdown(std::chrono::system_clock::now());
  parts_->listening.server->Wait();
}

std::string SimulatedFleet::PeerLines() const {
  std::string lines;
  for (size_t i = 0; i < parts_->nodes.size(); ++i) {
    absl::StrAppend(&lines, base::ToString(parts_->listening.addresses[i]), " ", parts_->nodes[i]->name(),
                    "\n");
  }
  return lines;
}

}  // namespace listenq::bench
