using System.Text;
using Portal.Model.Shared;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Portal.Model.Compute;

/// <summary>cloud-init user data: a script that begins with <c>#!</c>, or YAML that begins with <c>#cloud-config</c>.</summary>
public static class UserData
{
    /// <summary>EC2's limit: 16 KiB before encoding. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html</summary>
    public const int MaxBytes = 16 * 1024;

    private const int MaxDepth = 64;

    public static Outcome Check(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return Outcome.Done;
        }

        if (Encoding.UTF8.GetByteCount(text) is var bytes and > MaxBytes)
        {
            return Outcome.Refused($"User data is {bytes:N0} bytes; at most {MaxBytes:N0} are allowed.");
        }

        if (text.Contains('\0', StringComparison.Ordinal))
        {
            return Outcome.Refused("User data holds a zero byte; it must be text.");
        }

        if (text.StartsWith("#!", StringComparison.Ordinal))
        {
            return Outcome.Done;
        }

        return text.StartsWith("#cloud-config", StringComparison.Ordinal)
            ? CheckYaml(text)
            : Outcome.Refused("User data must begin with “#!” (a script) or “#cloud-config” (YAML).");
    }

    /// <summary>
    /// From the parser's events, never as a document: what a customer typed may nest, or refer to itself, so that building or comparing its
    /// nodes would not end.
    /// </summary>
    private static Outcome CheckYaml(string text)
    {
        try
        {
            var (parser, documents) = (new Parser(new StringReader(text)), 0);
            var (defined, open) = (new HashSet<AnchorName>(), new Stack<AnchorName>());
            while (parser.MoveNext())
            {
                switch (parser.Current)
                {
                    case DocumentStart when ++documents > 1:
                    case NodeEvent and not MappingStart when open.Count == 0:
                        return Outcome.Refused("User data must be one YAML mapping, such as “packages: [htop]”.");
                    case MappingStart or SequenceStart when open.Count == MaxDepth:
                        return Outcome.Refused($"User data nests deeper than {MaxDepth} levels.");
                    case MappingStart or SequenceStart:
                        open.Push(((NodeEvent)parser.Current).Anchor);
                        break;
                    case MappingEnd or SequenceEnd:
                        defined.Add(open.Pop());
                        break;
                    case AnchorAlias alias when !defined.Contains(alias.Value):
                        return Outcome.Refused($"User data refers to *{alias.Value}, which is not defined before: line {alias.Start.Line}.");
                    case Scalar scalar:
                        defined.Add(scalar.Anchor);
                        break;
                }
            }

            return Outcome.Done;
        }
        catch (YamlException error)
        {
            return Outcome.Refused($"User data is not valid YAML: line {error.Start.Line}, column {error.Start.Column}.");
        }
    }
}
