#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace evenkeel::testing {

struct CertificateAndKey {
  std::string certificate;  ///< PEM
  std::string key;          ///< PEM
};

/// A certificate authority made for one test.
class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name) : key_{EVP_EC_gen("P-256"), EVP_PKEY_free} {
    certificate_ = make(name, key_.get(), "", true);
  }

  [[nodiscard]] std::string pem() const { return pem_of(certificate_.get()); }

  /// Issues a certificate with common name `name`; `san` in OpenSSL's notation ("DNS:a,IP:127.0.0.1"), or
  /// empty for a certificate without any.
  [[nodiscard]] CertificateAndKey issue(const std::string& name, const std::string& san) const {
    const Key key{EVP_EC_gen("P-256"), EVP_PKEY_free};
    return {pem_of(make(name, key.get(), san, false).get()), pem_of(key.get())};
  }

 private:
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
  using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

  [[nodiscard]] Certificate make(const std::string& name,
                                 EVP_PKEY* key,
                                 const std::string& san,
                                 bool is_ca) const {
    Certificate certificate{X509_new(), X509_free};
    X509* const x = certificate.get();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key);
    const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8, text, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(is_ca ? x : certificate_.get()));
    if (is_ca) add_extension(x, NID_basic_constraints, "critical,CA:TRUE");
    if (!san.empty()) add_extension(x, NID_subject_alt_name, san);
    if (X509_sign(x, key_.get(), EVP_sha256()) == 0)
      throw std::runtime_error{"cannot sign a test certificate"};
    return certificate;
  }

  static void add_extension(X509* certificate, int nid, const std::string& value) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    if (extension == nullptr) throw std::runtime_error{"bad extension: " + value};
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  static std::string text_of(BIO* bio) {
    char* bytes = nullptr;
    const long length = BIO_get_mem_data(bio, &bytes);
    return {bytes, static_cast<std::size_t>(length)};
  }
  static std::string pem_of(X509* certificate) {
    const Bio bio{BIO_new(BIO_s_mem()), BIO_free};
    PEM_write_bio_X509(bio.get(), certificate);
    return text_of(bio.get());
  }
  static std::string pem_of(EVP_PKEY* key) {
    const Bio bio{BIO_new(BIO_s_mem()), BIO_free};
    PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    return text_of(bio.get());
  }

  mutable long serial_ = 0;
  Key key_;
  Certificate certificate_{nullptr, X509_free};
};

}  // namespace evenkeel::testing
