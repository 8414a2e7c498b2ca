import CPcap
import Glibc

/// The functions of libpcap that are used, from the library that is loaded when the first filter is compiled.
///
/// Most runs of the program compile none, and libpcap brings D-Bus, systemd's library and six more along: loading them
/// took a fifth of such a run.
@unsafe struct LibpcapFunctions: @unchecked Sendable {
    // Sendable: pointers to code that is never unloaded.
    let openDead: @convention(c) (CInt, CInt) -> OpaquePointer?
    let compile:
        @convention(c) (OpaquePointer, UnsafeMutablePointer<bpf_program>, UnsafePointer<CChar>, CInt, bpf_u_int32) ->
            CInt
    let lastError: @convention(c) (OpaquePointer) -> UnsafePointer<CChar>?
    let freeCode: @convention(c) (UnsafeMutablePointer<bpf_program>) -> Void
    let close: @convention(c) (OpaquePointer) -> Void

    /// Nil if the machine has no libpcap.
    static let loaded: LibpcapFunctions? = unsafe LibpcapFunctions()

    private init?() {
        // Debian's name for it, and everybody else's; the interface is the same.
        guard let library = unsafe dlopen("libpcap.so.0.8", RTLD_NOW) ?? dlopen("libpcap.so.1", RTLD_NOW),
            let openDead = unsafe dlsym(library, "pcap_open_dead"),
            let compile = unsafe dlsym(library, "pcap_compile"),
            let lastError = unsafe dlsym(library, "pcap_geterr"),
            let freeCode = unsafe dlsym(library, "pcap_freecode"),
            let close = unsafe dlsym(library, "pcap_close")
        else { return nil }
        // The types are those of <pcap/pcap.h>.
        unsafe self.openDead = unsafe unsafeBitCast(openDead, to: (@convention(c) (CInt, CInt) -> OpaquePointer?).self)
        unsafe self.compile = unsafe unsafeBitCast(
            compile,
            to: (@convention(c) (
                OpaquePointer, UnsafeMutablePointer<bpf_program>, UnsafePointer<CChar>, CInt, bpf_u_int32
            ) -> CInt).self)
        unsafe self.lastError = unsafe unsafeBitCast(
            lastError, to: (@convention(c) (OpaquePointer) -> UnsafePointer<CChar>?).self)
        unsafe self.freeCode = unsafe unsafeBitCast(
            freeCode, to: (@convention(c) (UnsafeMutablePointer<bpf_program>) -> Void).self)
        unsafe self.close = unsafe unsafeBitCast(close, to: (@convention(c) (OpaquePointer) -> Void).self)
    }
}
