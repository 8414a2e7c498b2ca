// What the program opens when it needs it, for packagers: ELF notes as https://systemd.io/ELF_DLOPEN_METADATA/ has them.
// `readelf -n` and `dlopen-notes` read them. The names are those of SharedLibrary's LibraryName; a test compares them.
#include <stdint.h>

#define NOTE(variable, text)                                                                            \
    __attribute__((used, section(".note.dlopen"), aligned(4))) static const struct {                    \
        uint32_t name_size, text_size, type;                                                            \
        char name[4];                                                                                   \
        _Alignas(4) char json[sizeof text];                                                             \
    } variable = {4, sizeof text, 0x407c0c0a, "FDO", text}

NOTE(libpcap,
    "[{\"feature\":\"filters\",\"description\":\"Filters as tcpdump has them\",\"priority\":\"recommended\","
    "\"soname\":[\"libpcap.so.0.8\",\"libpcap.so.1\"]}]");
NOTE(libzstd,
    "[{\"feature\":\"zstd\",\"description\":\"Compressed capture files\",\"priority\":\"recommended\","
    "\"soname\":[\"libzstd.so.1\"]}]");
NOTE(libssl,
    "[{\"feature\":\"tls\",\"description\":\"Open vSwitch's database over TLS\",\"priority\":\"suggested\","
    "\"soname\":[\"libssl.so.3\"]}]");
