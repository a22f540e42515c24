#include "metadata.hpp"

namespace evenkeel::api {

Metadata read_metadata(const Field& root) {
  Metadata metadata;
  const Field field = root["metadata"];
  field["namespace"].read_text(metadata.key.ns);
  field["name"].read_text(metadata.key.name);
  if (metadata.key.name.empty()) field["name"].complain("must be given");
  field["uid"].read_text(metadata.uid);
  field["resourceVersion"].read_text(metadata.resource_version);
  field["generation"].read_whole(metadata.generation);
  field["creationTimestamp"].read_time(metadata.creation_time);
  metadata.deleting = field["deletionTimestamp"].present();
  field["annotations"].read_texts(metadata.annotations);
  return metadata;
}

}  // namespace evenkeel::api
