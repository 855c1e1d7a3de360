#include "runtime/optim/options.h"

#include "runtime/base/error.h"

namespace lorarun::optim {

double number_option(const Json& options, const std::string& key, double otherwise, double lowest,
                     double highest) {
  if (!options.contains(key) || options[key].is_null()) { return otherwise; }
  const Json& value = options[key];
  const double number = value.is_number() ? value.get<double>() : lowest - 1.0;
  if (!(number >= lowest && number <= highest)) {
    throw Error(key + " must be a number from " + Json(lowest).dump() + " to " +
                Json(highest).dump() + ", not " + value.dump())
        .where("optimizer." + key);
  }
  return number;
}

}  // namespace lorarun::optim
