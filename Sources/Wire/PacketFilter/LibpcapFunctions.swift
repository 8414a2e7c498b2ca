import CPcap
import SharedLibrary

/// The functions of libpcap that are used; their types are those of <pcap/pcap.h>.
///
/// Most runs of the program compile no filter, and libpcap brings D-Bus, systemd's library and six more along: loading them
/// took a fifth of such a run.
@unsafe struct LibpcapFunctions: @unchecked Sendable {
    // Sendable: pointers to code that is never unloaded.
    typealias OpenDead = @convention(c) (CInt, CInt) -> OpaquePointer?
    typealias Compile =
        @convention(c) (OpaquePointer, UnsafeMutablePointer<bpf_program>, UnsafePointer<CChar>, CInt, bpf_u_int32) ->
        CInt
    typealias LastError = @convention(c) (OpaquePointer) -> UnsafePointer<CChar>?
    typealias FreeCode = @convention(c) (UnsafeMutablePointer<bpf_program>) -> Void
    typealias Close = @convention(c) (OpaquePointer) -> Void

    let openDead: OpenDead
    let compile: Compile
    let lastError: LastError
    let freeCode: FreeCode
    let close: Close

    /// Opened when the first filter is compiled.
    static let loaded: Result<LibpcapFunctions, SharedLibraryError> = unsafe load()

    private static func load() -> Result<LibpcapFunctions, SharedLibraryError> {
        do { return unsafe .success(try LibpcapFunctions()) } catch { return unsafe .failure(error) }
    }

    private init() throws(SharedLibraryError) {
        let library = try SharedLibrary(.libpcap)
        unsafe openDead = try unsafe library.function("pcap_open_dead", as: OpenDead.self)
        unsafe compile = try unsafe library.function("pcap_compile", as: Compile.self)
        unsafe lastError = try unsafe library.function("pcap_geterr", as: LastError.self)
        unsafe freeCode = try unsafe library.function("pcap_freecode", as: FreeCode.self)
        unsafe close = try unsafe library.function("pcap_close", as: Close.self)
    }
}
