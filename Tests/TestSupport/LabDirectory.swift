import Foundation
import Glibc

/// A directory that goes when it is no longer used.
public enum LabDirectory {
    /// Runs `body` with the path of one, which is short enough for sockets in it.
    public static func use<Result>(_ body: (String) throws -> Result) throws -> Result {
        var template = Array("/tmp/pm-lab-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw LabError("can't make a temporary directory: \(errno)") }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try body(path)
    }
}
