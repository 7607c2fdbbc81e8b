using System.Text;
using Portal.Model.Shared;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Portal.Model.Compute;

/// <summary>cloud-init user data: a script that begins with <c>#!</c>, or YAML that begins with <c>#cloud-config</c>.</summary>
public static class UserData
{
    /// <summary>EC2's limit: 16 KiB before encoding. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html</summary>
    public const int MaxBytes = 16 * 1024;

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

    private static Outcome CheckYaml(string text)
    {
        try
        {
            var yaml = new YamlStream();
            yaml.Load(new StringReader(text));
            return yaml.Documents is [] or [{ RootNode: YamlMappingNode }]
                ? Outcome.Done
                : Outcome.Refused("User data must be one YAML mapping, such as “packages: [htop]”.");
        }
        catch (YamlException error)
        {
            return Outcome.Refused($"User data is not valid YAML: line {error.Start.Line}, column {error.Start.Column}.");
        }
    }
}
