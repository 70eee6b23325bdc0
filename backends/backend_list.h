#pragma once

#include <functional>
#include <string>

#include "backends/backend.h"
#include "ir/error.h"

namespace sinter {

/// Told that a node failed to compile on the backend that was to run it, and runs on another.
using OnFallBack = std::function<void(const std::string& what)>;

/// A backend of a list failed at a node that no other of them runs in the layouts it has.
class BackendFailure : public Error {
 public:
  BackendFailure(std::string_view backend, std::string_view what) : Error(what), backend_(backend) {}
  const std::string& backend() const noexcept { return backend_; }

 private:
  std::string backend_;
};

/// Several backends as one: each node runs on the one that expects to be fastest, at equal times on the one
/// that stands first. Its name is the first's. A body is one kernel where one of them says so. Needs: at
/// least one backend. Where `on_fall_back` is given, a node that fails to compile on one (Error,
/// InternalError) is compiled by the next best; throws BackendFailure where there is none. Otherwise that is
/// an error.
std::unique_ptr<Backend> make_backend_list(std::vector<std::unique_ptr<Backend>> backends,
                                           OnFallBack on_fall_back = nullptr);

}  // namespace sinter
