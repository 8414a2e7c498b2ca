import Glibc
import LinuxSystem

/// The program that tries what needs a process of its own (Tests/SystemProbe).
enum Probe {
    struct Outcome {
        var status: Int32
        var output: String
        var error: String
        var lines: [String] { output.split(separator: "\n").map(String.init) }
    }

    static var path: String {
        var link = [CChar](repeating: 0, count: 4096)
        let size = readlink("/proc/self/exe", &link, link.count - 1)
        let own = String(decoding: link.prefix(max(size, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return own[..<(own.lastIndex(of: "/") ?? own.startIndex)] + "/SystemProbe"
    }

    /// Runs it to its end. Its output must be short.
    static func run(_ arguments: String..., through program: [String] = []) throws -> Outcome {
        let output = try Descriptor.pipe()
        let error = try Descriptor.pipe()
        var child = try ChildProcess(
            program + [path] + arguments, output: output.writing.number, error: error.writing.number)
        let status = child.wait()
        return Outcome(
            status: status, output: try text(output.reading), error: try text(error.reading))
    }

    /// What is in a pipe.
    private static func text(_ pipe: borrowing Descriptor) throws -> String {
        guard try pipe.waitReadable(milliseconds: 0) else { return "" }
        return String(decoding: try pipe.read(upTo: 65536), as: UTF8.self)
    }

    /// Reads until a line is there.
    static func wait(for line: String, in pipe: borrowing Descriptor) throws -> String {
        var text = ""
        while !text.contains(line + "\n"), try pipe.waitReadable(milliseconds: 5000) {
            let bytes = try pipe.read(upTo: 4096)
            if bytes.isEmpty { break }
            text += String(decoding: bytes, as: UTF8.self)
        }
        return text
    }
}

/// A directory that goes when this does.
final class TemporaryDirectory {
    let path: String
    init() throws { path = try Files.makeTemporaryDirectory("pm-system") }
    deinit { try? Files.removeTree(path) }
}

/// Waits up to five seconds for something to become true.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<500 {
        if condition() { return true }
        ThisProcess.pause(milliseconds: 10)
    }
    return condition()
}
