namespace Portal.Sandbox;

/// <summary>The section <c>Sandbox</c> of the configuration.</summary>
public sealed class SandboxSettings
{
    /// <summary>The key that callers of Stripe's API must show; must begin with <c>sk_test_</c>.</summary>
    public string SecretKey { get; set; } = "sk_test_sandbox";

    /// <summary>The secret that webhooks are signed with.</summary>
    public string WebhookSecret { get; set; } = "whsec_sandbox";

    /// <summary>Where webhooks are sent; null sends none.</summary>
    public string? WebhookUrl { get; set; }

    /// <summary>Where the state is kept across restarts; null keeps it in memory only.</summary>
    public string? Folder { get; set; }

    /// <summary>The port of the mail server on 127.0.0.1; 0 chooses a free one.</summary>
    public int SmtpPort { get; set; } = 1025;
}
