# mold links the larger binaries several times faster than ld; it is used where present and never required.
find_program(EVENKEEL_MOLD mold)
if(EVENKEEL_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
