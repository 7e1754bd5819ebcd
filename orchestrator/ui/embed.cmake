# SPDX-License-Identifier: Apache-2.0
# Writes a C file with the content of all files of a folder: cmake -D FOLDER=... -D OUTPUT=... -P embed.cmake
set(types_html "text/html; charset=utf-8")
set(types_css "text/css; charset=utf-8")
set(types_js "text/javascript; charset=utf-8")
set(types_json "application/json")
set(types_svg "image/svg+xml")
set(types_png "image/png")
set(types_txt "text/plain; charset=utf-8")
set(types_webmanifest "application/manifest+json")

file(GLOB files RELATIVE ${FOLDER} ${FOLDER}/*)
set(contents "")
set(rows "")
set(number 0)
foreach(file ${files})
  string(REGEX REPLACE ".*\\." "" extension ${file})
  if(NOT DEFINED types_${extension})
    message(FATAL_ERROR "${FOLDER}/${file}: there is no type for files that end in .${extension}; add one to embed.cmake")
  endif()
  file(SHA256 ${FOLDER}/${file} hash)
  string(SUBSTRING ${hash} 0 16 tag)
  file(READ ${FOLDER}/${file} bytes HEX)
  string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND contents "static const unsigned char content_${number}[] = {\n${bytes}0};\n")
  string(APPEND rows "    {\"${file}\", \"${types_${extension}}\", \"\\\"${tag}\\\"\", content_${number},\n"
                     "     sizeof content_${number} - 1},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT}
  "/* Made by embed.cmake from the files of ${FOLDER}. */\n#include <orchestrator/ui/page.h>\n\n"
  "${contents}\nconst struct rog_page_file rog_page_files[] = {\n${rows}    {NULL, NULL, NULL, NULL, 0},\n};\n")
