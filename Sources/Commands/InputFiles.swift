import LinuxSystem
import MirrorConfig
import MirrorEngine
import MirrorModel

/// Files that a person names, `-` for standard input.
enum InputFiles {
    /// Begins to read, on a thread of its own: a file of a thousand mirrors takes as long as looking at the machine.
    /// - Returns: how to get them. Filters, which may have names of hosts to be looked up, are the caller's thread's.
    static func start(_ paths: [String], now: Timestamp) throws -> () throws -> [ParsedMirror] {
        let reading = try OwnThread.start { try unchecked(paths, now: now) }
        return { try reading.wait().checked() }
    }

    static func read(_ paths: [String], now: Timestamp) throws -> [ParsedMirror] {
        try unchecked(paths, now: now).checked()
    }

    private static func unchecked(_ paths: [String], now: Timestamp) throws -> ReadDefinitions {
        let files = try paths.map { path in
            if path == "-" {
                return (
                    path: "standard input", text: try Descriptor.duplicate(of: 0).readAll(atMost: maximumConfigSize + 1)
                )
            }
            guard let text = try Files.read(path, atMost: maximumConfigSize + 1) else {
                throw UserError("there is no file \(path)")
            }
            return (path: path, text: text)
        }
        return IntentStore.read(files: files, now: now)
    }
}
