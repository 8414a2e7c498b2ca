/// Kinds of characters as formats have them: of ASCII alone, whatever else Unicode calls a digit or a letter.
extension UInt8 {
    /// Whether it is 0 to 9.
    public var isASCIIDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    /// Whether it is A to Z or a to z.
    public var isASCIILetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }

    /// Whether it is 0 to 9, A to F or a to f.
    public var isASCIIHexDigit: Bool {
        isASCIIDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self | 0x20)
    }
}
