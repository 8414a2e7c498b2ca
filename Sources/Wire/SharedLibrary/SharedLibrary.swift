internal import Glibc

/// Why a library can't be used: what it is needed for, what is wrong with it, and how to get it.
public struct SharedLibraryError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A sentence.
    public let description: String
}

/// A library that few commands need, opened when the first of them needs it (dlopen(3)), and never closed.
///
/// What isn't linked isn't loaded by all the others, and isn't needed to install the program. Packagers find the libraries'
/// names in the program's ELF notes (`.note.dlopen`).
@safe public struct SharedLibrary: @unchecked Sendable {
    // Sendable: a handle that is never closed, for functions that may be called from any thread.
    private let handle: UnsafeMutableRawPointer
    private let name: String

    /// Opens it.
    public init(_ library: LibraryName) throws(SharedLibraryError) {
        var reason = ""
        for name in library.sonames {
            if let handle = unsafe dlopen(name, RTLD_NOW) {
                unsafe self.handle = handle
                self.name = name
                return
            }
            // "libx.so.1: cannot open shared object file: No such file or directory". What is there and can't be loaded
            // says more than what isn't there.
            let words = unsafe dlerror().map { unsafe String(cString: $0) } ?? ""
            if !words.hasSuffix("No such file or directory") { reason = words }
        }
        throw SharedLibraryError(
            description: "can't \(library.purpose): "
                + (reason.isEmpty
                    ? "\(library.sonames.first ?? "the library") isn't installed; on Debian it is in the package "
                        + library.package
                    : "the library can't be loaded: \(reason)"))
    }

    /// One of its functions, or of the libraries that it needs itself.
    /// - Parameter type: As its header has it, `@convention(c)`: nobody checks it.
    public func function<Function>(
        _ symbol: String, as type: Function.Type = Function.self
    ) throws(SharedLibraryError) -> Function {
        guard let address = unsafe dlsym(handle, symbol) else {
            throw SharedLibraryError(
                description: "\(name) has no function \(symbol): it is another version than this program knows")
        }
        return unsafe unsafeBitCast(address, to: type)
    }
}
