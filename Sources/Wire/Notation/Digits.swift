extension BinaryInteger {
    /// In digits, with others before them up to a width.
    /// - Parameter radix: 10 or 16; letters are small.
    public func digits(_ width: Int, radix: Int = 10, filling: String = "0") -> String {
        let digits = String(self, radix: radix)
        return String(repeating: filling, count: max(0, width - digits.utf8.count)) + digits
    }
}
