internal import CLinux
internal import Glibc
internal import SharedLibrary

/// Why Zstandard can't compress or decompress.
public struct ZstandardError: Error, Hashable, Sendable, CustomStringConvertible {
    /// In words: libzstd's own, or ours.
    public let description: String
}

/// The functions of libzstd that are used, opened when something is first compressed.
///
/// The types are those of <zstd.h>, whose size_t is Int here: results are small, or errors near SIZE_MAX.
@unsafe struct ZstandardFunctions: @unchecked Sendable {
    // Sendable: pointers to code that is never unloaded.
    typealias Create = @convention(c) () -> OpaquePointer?
    typealias Free = @convention(c) (OpaquePointer?) -> Int
    typealias Set = @convention(c) (OpaquePointer?, CInt, CInt) -> Int
    typealias Reset = @convention(c) (OpaquePointer?, CInt) -> Int
    typealias Compress =
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<clinux_zstd_buffer>, UnsafeMutablePointer<clinux_zstd_buffer>, CInt
        ) -> Int
    typealias Decompress =
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<clinux_zstd_buffer>, UnsafeMutablePointer<clinux_zstd_buffer>
        ) -> Int

    let createCompressor: Create
    let freeCompressor: Free
    let set: Set
    let reset: Reset
    let compress: Compress
    let bound: @convention(c) (Int) -> Int
    let isError: @convention(c) (Int) -> CUnsignedInt
    let errorName: @convention(c) (Int) -> UnsafePointer<CChar>?
    let mostLevel: @convention(c) () -> CInt
    let createDecompressor: Create
    let freeDecompressor: Free
    let decompress: Decompress

    private static let loaded: Result<ZstandardFunctions, SharedLibraryError> = unsafe load()

    private static func load() -> Result<ZstandardFunctions, SharedLibraryError> {
        do { return unsafe .success(try ZstandardFunctions()) } catch { return unsafe .failure(error) }
    }

    /// Opens the library now, if it is there.
    static func open() { unsafe _ = loaded }

    static func required() throws(ZstandardError) -> ZstandardFunctions {
        switch unsafe loaded {
        case .success(let functions): return unsafe functions
        case .failure(let error): throw ZstandardError(description: error.description)
        }
    }

    private init() throws(SharedLibraryError) {
        let library = try SharedLibrary(.libzstd)
        unsafe createCompressor = try unsafe library.function("ZSTD_createCCtx", as: Create.self)
        unsafe freeCompressor = try unsafe library.function("ZSTD_freeCCtx", as: Free.self)
        unsafe set = try unsafe library.function("ZSTD_CCtx_setParameter", as: Set.self)
        unsafe reset = try unsafe library.function("ZSTD_CCtx_reset", as: Reset.self)
        unsafe compress = try unsafe library.function("ZSTD_compressStream2", as: Compress.self)
        unsafe bound = try library.function("ZSTD_compressBound", as: (@convention(c) (Int) -> Int).self)
        unsafe isError = try library.function(
            "ZSTD_isError", as: (@convention(c) (Int) -> CUnsignedInt).self)
        unsafe errorName = try library.function(
            "ZSTD_getErrorName", as: (@convention(c) (Int) -> UnsafePointer<CChar>?).self)
        unsafe mostLevel = try library.function("ZSTD_maxCLevel", as: (@convention(c) () -> CInt).self)
        unsafe createDecompressor = try unsafe library.function("ZSTD_createDCtx", as: Create.self)
        unsafe freeDecompressor = try unsafe library.function("ZSTD_freeDCtx", as: Free.self)
        unsafe decompress = try unsafe library.function("ZSTD_decompressStream", as: Decompress.self)
    }

    func check(_ code: Int, _ what: String) throws(ZstandardError) -> Int {
        guard unsafe isError(code) != 0 else { return code }
        let words = unsafe errorName(code).map { unsafe String(cString: $0) } ?? "unknown error"
        throw ZstandardError(description: "can't \(what): \(words)")
    }
}

/// Compresses buffers to a frame (RFC 8878), of which each buffer can be read without the next.
@safe public final class ZstandardCompressor: @unchecked Sendable {
    // Sendable: it has one owner at a time.
    /// What ends a frame after any buffer: an empty last block. Frames have no checksum, so nothing else is needed.
    public static let end: [UInt8] = [1, 0, 0]

    private let functions: ZstandardFunctions
    private let context: OpaquePointer

    /// A compressor of a level, from 1 (fast) to 19 and on to 22 (small, with much memory).
    /// - Throws: also if the machine has no libzstd.
    public init(level: Int) throws(ZstandardError) {
        let functions = try unsafe ZstandardFunctions.required()
        let most = Int(unsafe functions.mostLevel())
        guard (1...most).contains(level) else {
            throw ZstandardError(description: "zstd has levels 1 to \(most), not \(level)")
        }
        guard let context = unsafe functions.createCompressor() else {
            throw ZstandardError(description: "libzstd can't allocate memory")
        }
        unsafe self.functions = unsafe functions
        unsafe self.context = unsafe context
        // ZSTD_c_compressionLevel of zstd.h.
        _ = try unsafe functions.check(functions.set(context, 100, CInt(level)), "set the level")
    }

    deinit { unsafe _ = functions.freeCompressor(context) }

    /// Bytes that a buffer of so many bytes takes at most.
    public func mostCompressed(_ count: Int) -> Int { unsafe functions.bound(count) + 1024 }

    /// Begins a new frame.
    public func begin() {
        // ZSTD_reset_session_only.
        unsafe _ = functions.reset(context, 1)
    }

    /// Compresses what is in a buffer to whole blocks of the frame, and puts these into a buffer, which is emptied first and
    /// has room for ``mostCompressed(_:)`` bytes.
    public func compress(_ source: AlignedBuffer, into blocks: AlignedBuffer) throws(ZstandardError) {
        blocks.removeAll()
        var code = 0
        unsafe source.withPointer { bytes, count in
            var input = unsafe clinux_zstd_buffer(bytes: bytes, size: count, position: 0)
            unsafe _ = blocks.fill { memory, room in
                var output = unsafe clinux_zstd_buffer(bytes: memory, size: room, position: 0)
                // ZSTD_e_flush: 0 when everything is out.
                code = unsafe functions.compress(context, &output, &input, 1)
                return unsafe output.position
            }
        }
        guard try unsafe functions.check(code, "compress") == 0 else {
            throw ZstandardError(description: "can't compress: the buffer is too small")
        }
    }
}

/// Decompresses a frame, a piece at a time.
@safe public final class ZstandardDecompressor {
    private let functions: ZstandardFunctions
    private let context: OpaquePointer
    /// Whether more of a frame that has begun is to come: the input ends too early if it ends now.
    public private(set) var isWithinFrame = false

    /// A decompressor at the beginning of a file.
    /// - Throws: also if the machine has no libzstd.
    public init() throws(ZstandardError) {
        let functions = try unsafe ZstandardFunctions.required()
        guard let context = unsafe functions.createDecompressor() else {
            throw ZstandardError(description: "libzstd can't allocate memory")
        }
        unsafe self.functions = unsafe functions
        unsafe self.context = unsafe context
    }

    deinit { unsafe _ = functions.freeDecompressor(context) }

    /// Decompresses into an output buffer, which is emptied first, until that is full or the input is used up.
    /// - Parameter offset: where in the input to go on.
    /// - Returns: how many bytes of the input were used.
    public func decompress(
        _ input: AlignedBuffer, from offset: Int, into output: AlignedBuffer
    ) throws(ZstandardError) -> Int {
        output.removeAll()
        var used = 0
        var code = 0
        unsafe input.withPointer { bytes, count in
            var source = unsafe clinux_zstd_buffer(bytes: bytes, size: count, position: min(offset, count))
            unsafe _ = output.fill { memory, room in
                var target = unsafe clinux_zstd_buffer(bytes: memory, size: room, position: 0)
                code = unsafe functions.decompress(context, &target, &source)
                return unsafe target.position
            }
            used = unsafe source.position - min(offset, count)
        }
        // 0 at a frame's end; without any progress, how much a frame that hasn't begun would want.
        let rest = try unsafe functions.check(code, "decompress")
        if used > 0 || output.count > 0 { isWithinFrame = rest != 0 }
        return used
    }
}
