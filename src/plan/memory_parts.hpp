#pragma once

#include "memory.hpp"
#include "memory_text.hpp"

/// Memory piece by piece. Each writer writes one JSON value; its reader takes that value back.
namespace evenkeel::plan {

void write_history(MemoryWriter& writer, const scaling::History& history);
void read_history(MemoryReader& reader, MemoryReader::Element value, scaling::History& history);

void write_demand(MemoryWriter& writer, const DemandMemory& demand);
void read_demand(MemoryReader& reader, MemoryReader::Element value, DemandMemory& demand);

void write_backend(MemoryWriter& writer, const Memory::Backend& backend);
void read_backend(MemoryReader& reader, MemoryReader::Element value, WallTime now, Memory::Backend& backend);

}  // namespace evenkeel::plan
