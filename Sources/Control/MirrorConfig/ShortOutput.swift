public import MirrorModel

/// The VLANs that copies can be sent into: 0 is no VLAN, 4095 is reserved (IEEE 802.1Q).
public let outputVLANRange: ClosedRange<UInt16> = 1...VLANSet.maximum

/// Reads an output's short form: a port's name, `vlan:VID@BRIDGE` for a VLAN of an Open vSwitch bridge, or
/// `files:DIR` for capture files in a directory.
/// - Parameter port: reads a port's name: as people type it, unless told otherwise.
/// - Throws: ``NameError`` if it is none of these.
public func parseOutput(
    _ text: String, port: (String) throws(NameError) -> PortName = parsePort
) throws(NameError) -> Output {
    let files = "files:"
    if text.hasPrefix(files) {
        return .files(FileSettings(directory: try DirectoryPath(String(text.dropFirst(files.count)))))
    }
    let mark = "vlan:"
    // No interface can be called so: the kernel refuses colons.
    guard text.hasPrefix(mark) else {
        if let word = Direction.allCases.first(where: { text.hasSuffix(":\($0)") }) {
            throw NameError(name: text, problem: "an output has no direction; leave out :\(word)", kind: "an output")
        }
        return .port(try port(text))
    }
    let rest = text.dropFirst(mark.count)
    guard let at = rest.firstIndex(of: "@") else {
        throw NameError(name: text, problem: "expected vlan:VID@BRIDGE, as in vlan:12@ovsbr0", kind: "an output")
    }
    let digits = rest[..<at]
    guard !digits.isEmpty, digits.utf8.allSatisfy(\.isASCIIDigit),
        let id = UInt16(digits), outputVLANRange.contains(id)
    else {
        throw NameError(
            name: text,
            problem: "the VLAN has to be a number from \(outputVLANRange.lowerBound) to \(outputVLANRange.upperBound)",
            kind: "an output")
    }
    return .vlan(id, bridge: try port(String(rest[rest.index(after: at)...])))
}
