internal import CLinux
internal import Glibc

/// Why Zstandard can't compress or decompress.
public struct ZstandardError: Error, Hashable, Sendable, CustomStringConvertible {
    /// In words: libzstd's own, or ours.
    public let description: String
}

/// The functions of libzstd that are used, from the library that is loaded when something is first compressed.
@unsafe struct ZstandardFunctions: @unchecked Sendable {
    // Sendable: pointers to code that is never unloaded.
    let createCompressor: @convention(c) () -> OpaquePointer?
    let freeCompressor: @convention(c) (OpaquePointer?) -> Int
    let set: @convention(c) (OpaquePointer?, CInt, CInt) -> Int
    let reset: @convention(c) (OpaquePointer?, CInt) -> Int
    let compress:
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<clinux_zstd_buffer>, UnsafeMutablePointer<clinux_zstd_buffer>, CInt
        ) -> Int
    let bound: @convention(c) (Int) -> Int
    let isError: @convention(c) (Int) -> CUnsignedInt
    let errorName: @convention(c) (Int) -> UnsafePointer<CChar>?
    let mostLevel: @convention(c) () -> CInt
    let createDecompressor: @convention(c) () -> OpaquePointer?
    let freeDecompressor: @convention(c) (OpaquePointer?) -> Int
    let decompress:
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<clinux_zstd_buffer>, UnsafeMutablePointer<clinux_zstd_buffer>
        ) -> Int

    /// Nil if the machine has no libzstd.
    static let loaded: ZstandardFunctions? = unsafe ZstandardFunctions()

    static func required() throws(ZstandardError) -> ZstandardFunctions {
        guard let functions = unsafe loaded else {
            throw ZstandardError(description: "libzstd isn't installed; on Debian its package is libzstd1")
        }
        return unsafe functions
    }

    private init?() {
        guard let library = unsafe dlopen("libzstd.so.1", RTLD_NOW),
            let createCompressor = unsafe dlsym(library, "ZSTD_createCCtx"),
            let freeCompressor = unsafe dlsym(library, "ZSTD_freeCCtx"),
            let set = unsafe dlsym(library, "ZSTD_CCtx_setParameter"),
            let reset = unsafe dlsym(library, "ZSTD_CCtx_reset"),
            let compress = unsafe dlsym(library, "ZSTD_compressStream2"),
            let bound = unsafe dlsym(library, "ZSTD_compressBound"),
            let isError = unsafe dlsym(library, "ZSTD_isError"),
            let errorName = unsafe dlsym(library, "ZSTD_getErrorName"),
            let mostLevel = unsafe dlsym(library, "ZSTD_maxCLevel"),
            let createDecompressor = unsafe dlsym(library, "ZSTD_createDCtx"),
            let freeDecompressor = unsafe dlsym(library, "ZSTD_freeDCtx"),
            let decompress = unsafe dlsym(library, "ZSTD_decompressStream")
        else { return nil }
        // The types are those of <zstd.h>, whose size_t is Int here: results are small, or errors near SIZE_MAX.
        unsafe self.createCompressor = unsafe unsafeBitCast(
            createCompressor, to: (@convention(c) () -> OpaquePointer?).self)
        unsafe self.freeCompressor = unsafe unsafeBitCast(
            freeCompressor, to: (@convention(c) (OpaquePointer?) -> Int).self)
        unsafe self.set = unsafe unsafeBitCast(set, to: (@convention(c) (OpaquePointer?, CInt, CInt) -> Int).self)
        unsafe self.reset = unsafe unsafeBitCast(reset, to: (@convention(c) (OpaquePointer?, CInt) -> Int).self)
        unsafe self.compress = unsafe unsafeBitCast(
            compress,
            to: (@convention(c) (
                OpaquePointer?, UnsafeMutablePointer<clinux_zstd_buffer>, UnsafeMutablePointer<clinux_zstd_buffer>, CInt
            ) -> Int).self)
        unsafe self.bound = unsafe unsafeBitCast(bound, to: (@convention(c) (Int) -> Int).self)
        unsafe self.isError = unsafe unsafeBitCast(isError, to: (@convention(c) (Int) -> CUnsignedInt).self)
        unsafe self.errorName = unsafe unsafeBitCast(
            errorName, to: (@convention(c) (Int) -> UnsafePointer<CChar>?).self)
        unsafe self.mostLevel = unsafe unsafeBitCast(mostLevel, to: (@convention(c) () -> CInt).self)
        unsafe self.createDecompressor = unsafe unsafeBitCast(
            createDecompressor, to: (@convention(c) () -> OpaquePointer?).self)
        unsafe self.freeDecompressor = unsafe unsafeBitCast(
            freeDecompressor, to: (@convention(c) (OpaquePointer?) -> Int).self)
        unsafe self.decompress = unsafe unsafeBitCast(
            decompress,
            to: (@convention(c) (
                OpaquePointer?, UnsafeMutablePointer<clinux_zstd_buffer>, UnsafeMutablePointer<clinux_zstd_buffer>
            ) -> Int).self)
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
